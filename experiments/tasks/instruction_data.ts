import type { Profile } from "#lib/bench/profile.ts";
import { loadInstructionFolder, readInstructionData } from "#lib/data/instruction_folder.ts";
import { buildInstructionTasks } from "#lib/data/instruction_tasks.ts";
import type { InstructionData } from "#lib/data/records.ts";
import { splitHubPath } from "#lib/distillation/pinned_profile.ts";
import { InputError } from "#lib/errors.ts";
import { locateData } from "#lib/hub/locate_data.ts";

const DATA_SEED = 1;

/**
 * The records of instruction following: of the folder of `--data`, of the data sets of the hub that the profile names, or the embedded ones.
 *
 * @throws {InputError} if there are none, a data set is not in the hub's cache, or a file is wrong
 */
export async function readInstructionRecords(settings: Profile["data"], folder?: string): Promise<InstructionData> {
  const { wordsPerCategory, trainRecords, itemsPerSet, files } = settings;
  if (folder !== undefined) {
    const data = await loadInstructionFolder(folder, { trainRecords, itemsPerSet });
    if (data.evaluation.length === 0) throw new InputError(`${folder}: no evaluation set beside the training records`);
    return data;
  }
  if (files === undefined) {
    return buildInstructionTasks({ wordsPerCategory, trainRecords, itemsPerSet, seed: DATA_SEED });
  }
  const { train, evaluation, validationRecords } = files;
  const sets: [string, readonly string[]][] = [];
  for (const [name, word] of Object.entries(evaluation)) sets.push([name, [await pathOf(word)]]);
  return await readInstructionData(
    { train: [await pathOf(train)], validation: [], evaluation: new Map(sets), source: `the hub's ${train}` },
    { validationRecords, trainRecords, itemsPerSet },
  );
}

/** Where a file of a data set of the hub is. */
async function pathOf(word: string): Promise<string> {
  const [dataSet, file] = splitHubPath(word);
  return `${(await locateData(`datasets/${dataSet}`)).path}/${file}`;
}
