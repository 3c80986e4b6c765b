import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { PROGRAM, type Running, start } from "./test_program.ts";
import { runProgram } from "./test_run.ts";

// What ends a run before its end, in a process of its own; a run without a stop shows what must come out.

/** One after the other: the first is done when the second is stopped. */
const ONE_BY_ONE = ["--seeds", "10", "--jobs", "1"];
export const CELL = [
  "reproduce",
  "instruction_following",
  "--profile",
  "smoke",
  ...ONE_BY_ONE,
  "--methods",
  "sft,ammd_sft",
];
/** Enough steps that it is still training when it is stopped. */
export const LONG = [...CELL, "--set", "distillation.steps=60"];
const FILES = ["scores.csv", "items.csv", "curves.csv", "samples.jsonl", "table.md"];

/** The text of a file of the results. */
export function read(folder: string, file: string): Promise<string> {
  return Deno.readTextFile(`${folder}/smoke/instruction_following/${file}`);
}

export async function assertSameFiles(folder: string, expected: string): Promise<void> {
  for (const file of FILES) assert(await read(folder, file) === await read(expected, file), `${file} differs`);
}

/** Waits until the log of the cell says that it has come to a step. */
export async function reachStep({ process, end }: Running, folder: string, step: number): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const watcher = Deno.watchFs(folder);
  const isThere = async () => await timesAt(folder, step) > 0;
  if (await isThere()) return watcher.close();
  let isRunning = true;
  process.status.then(() => {
    isRunning = false;
    watcher.close();
  });
  for await (const _change of watcher) {
    if (await isThere()) break;
  }
  if (!isRunning) throw new Error(`the run ended before it was stopped: ${(await end()).err}`);
}

/** How often the log of the cell says so: each time that it was trained from the start. */
export async function timesAt(folder: string, step: number): Promise<number> {
  const path = `${folder}/.state/smoke/logs/instruction_following/ammd_sft_10.log`;
  const log = await Deno.readTextFile(path).catch(() => "");
  return log.split(` step ${step} of 60`).length - 1;
}

/** A run that is stopped by a signal in the middle of training, and saved by nothing but that. */
export async function stopped(
  folder: string,
  signal: Deno.Signal,
  program = PROGRAM,
): Promise<{ code: number; err: string }> {
  const run = start([...LONG, "--results", folder, "--checkpoint-every", "3600"], program);
  await reachStep(run, folder, 6);
  run.process.kill(signal);
  return await run.end();
}

export function checkpointsIn(folder: string): string[] {
  const cells = `${folder}/.state/smoke/cells/instruction_following`;
  return [...Deno.readDirSync(cells)].map(({ name }) => `${cells}/${name}`);
}

/** That a signal finishes the step and saves it, and that the next run resumes from there to the files of a run without a stop. */
export async function assertStops(signal: Deno.Signal, code: number, folder: string, whole: string): Promise<void> {
  const first = await stopped(folder, signal);
  assertEquals(first.code, code, first.err);
  assertMatch(first.err, /stopping: the step is finished and saved; once more stops at once\n/);
  assertMatch(first.err, /interrupted: what is done is saved; the same command resumes from there\n$/);
  assertEquals(checkpointsIn(folder).length, 1);
  const second = await runProgram(...LONG, "--results", folder);
  assertEquals(second.status, 0, second.reported);
  assertStringIncludes(second.reported, "cached 1/2, ran 1");
  assertEquals(await timesAt(folder, 6), 1, "it began anew");
  await assertSameFiles(folder, whole);
  assertEquals(checkpointsIn(folder), []);
}
