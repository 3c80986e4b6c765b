import { loadTask } from "#lib/data/task_folder.ts";
import type { TaskData } from "#lib/data/task_records.ts";
import { splitHubPath } from "#lib/distillation/pinned_profile.ts";
import { locateData } from "#lib/hub/locate_data.ts";
import { SEQUENCE_TASKS, type SequenceTaskName } from "./registry.ts";
import { embeddedData } from "./sequence_task.ts";

/**
 * The records of a task: of the folder of `--data`, of a data set of the hub, or the embedded ones.
 *
 * @param hub `ORG/NAME[@REVISION]`, and perhaps a folder in it
 * @throws {InputError} if the data set is not in the hub's cache, or a file is missing or wrong
 */
export async function readTask(corpus: SequenceTaskName, hub: string | undefined, folder?: string): Promise<TaskData> {
  const task = SEQUENCE_TASKS[corpus];
  if (folder !== undefined) return await loadTask(corpus, task.format, folder);
  if (hub === undefined) return embeddedData(task);
  const [dataSet, part] = splitHubPath(hub);
  const { path } = await locateData(`datasets/${dataSet}`);
  return { ...await loadTask(corpus, task.format, part === "" ? path : `${path}/${part}`), source: `the hub's ${hub}` };
}
