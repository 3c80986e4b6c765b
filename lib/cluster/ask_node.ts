import { InputError } from "#lib/errors.ts";
import { excerpt } from "#lib/visible_text.ts";
import { readTextIfThere, writeAtomically } from "#lib/results/storage.ts";
import { gridFolder, newGridName, type NodeReport, readNodeReport, writeNodeReport } from "./grid.ts";
import { runSlurm, slurmOutput, wordsOf } from "./programs.ts";
import { describeEnd, endedOf, queueOf } from "./queue.ts";
import { checkScript } from "./scripts.ts";
import { absolute } from "./submit.ts";

/** Milliseconds between two looks at the job. */
const LOOK_EVERY_MS = 1000;

export interface AskOptions {
  readonly resultsFolder: string;
  readonly slurmArgs: string;
  readonly project: string;
  readonly stop: AbortSignal;
  /** Says what is waited for. */
  say(message: string): void;
}

/**
 * What the nodes are, by a job of its own for one of them, once for the same arguments: which adapter decides where results are kept, and
 * a node that does not see the folders, or may not write there, is better known now than when a hundred tasks have failed.
 *
 * @throws {InputError} where the node cannot compute, in its own words
 */
export async function askNode(options: AskOptions): Promise<NodeReport> {
  const { resultsFolder, slurmArgs, project, stop, say } = options;
  const known = await readNodeReport(resultsFolder, slurmArgs);
  if (known) return known;
  const folder = gridFolder(resultsFolder, `check-${newGridName()}`);
  await Deno.mkdir(`${folder}/logs`, { recursive: true });
  await writeAtomically(`${folder}/check.sh`, checkScript({ project, folder: absolute(folder, project) }));
  const script = `${absolute(folder, project)}/check.sh`;
  const args = ["--parsable", "--job-name=check", ...wordsOf(slurmArgs), script];
  const id = (await slurmOutput("sbatch", args)).trim().split(";")[0];
  say(`job ${id} asks a node what it is, once`);
  const cancel = () => void runSlurm("scancel", [id]);
  stop.addEventListener("abort", cancel, { once: true });
  try {
    const report = await answerOf(id, folder, stop);
    await writeNodeReport(resultsFolder, slurmArgs, report);
    return report;
  } finally {
    stop.removeEventListener("abort", cancel);
  }
}

async function answerOf(id: string, folder: string, stop: AbortSignal): Promise<NodeReport> {
  for (;;) {
    const queue = await queueOf([id]);
    const text = await readTextIfThere(`${folder}/node.json`);
    if (text !== undefined) return JSON.parse(text);
    if (queue && !queue.has(id)) break;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    stop.throwIfAborted();
  }
  const log = await readTextIfThere(`${folder}/logs/check.log`) ?? "";
  const said = log.trim().split("\n").findLast((line) => /^(error|run): /.test(line))?.replace(/^(error|run): /, "");
  const why = said ?? describeEnd((await endedOf([id])).get(id), undefined);
  throw new InputError(`a node that was asked what it is (job ${id}): ${excerpt(why, 300)}`);
}
