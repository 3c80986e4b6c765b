import { assert, assertEquals, assertRejects } from "@std/assert";
import { DISTIL_METHODS, EXPERIMENTS } from "#experiments/main.ts";
import { parseCommandLine } from "#lib/cli/command_line.ts";
import { distil } from "#lib/cli/distil.ts";
import { copyOfStories, STORIES } from "#lib/cli/test_stories.ts";
import { keptTerminal } from "#lib/cli/test_terminal.ts";
import { isFolder } from "#lib/data/folder_names.ts";
import { Interrupted } from "#lib/errors.ts";

import { isFile } from "#lib/results/storage.ts";
import { runProgram } from "./test_run.ts";

export { STORIES };

/** What stories260K wrote, with some texts to score on. */
export const TEXTS = decodeURIComponent(new URL("../../lib/distillation/testdata", import.meta.url).pathname);

/** What a run writes about its student. */
export const RECORDS = ["scores.csv", "items.csv", "curves.csv", "samples.jsonl", "provenance.json", "table.md"];

/** A folder of a student from scratch: the teacher's tokenizer, and a configuration of a quarter of its size. */
export async function writeSmallStudent(folder: string): Promise<string> {
  const teacher = JSON.parse(await Deno.readTextFile(`${STORIES}/config.json`));
  const sizes = { hidden_size: 32, intermediate_size: 88, num_hidden_layers: 4 };
  const heads = { num_attention_heads: 4, num_key_value_heads: 2 };
  const config = JSON.stringify({ ...teacher, ...sizes, ...heads });
  return await copyOfStories(folder, { "config.json": config, "model.safetensors": undefined });
}

/** Arguments of a distillation of seconds, without where its student is written. */
export function distilArguments(student: string, ...more: readonly string[]): string[] {
  return ["distil", "--teacher", STORIES, "--teacher-is-tuned", ...studentArguments(student, ...more)];
}

/** The same without the teacher. */
export function studentArguments(student: string, ...more: readonly string[]): string[] {
  return [
    ...["--student", student, "--data", TEXTS, "--bos"],
    ...["--steps", "12", "--sft-steps", "8", "--learning-rate", "3e-3", "--max-new-tokens", "26", "--quiet"],
    ...["--set", "evaluation.logEvery=4", ...more],
  ];
}

/** Runs distil and stops it as Ctrl-C does when a folder has a file of such a name. */
export async function stopAt(place: string, start: string, args: readonly string[]): Promise<void> {
  const stop = new AbortController();
  const timer = setInterval(() => {
    if (namesIn(place).some((name) => name.startsWith(start))) stop.abort(new Interrupted("SIGINT"));
  }, 5);
  const { terminal } = keptTerminal();
  const context = { experiments: EXPERIMENTS, methods: DISTIL_METHODS, terminal, stop: stop.signal };
  try {
    await assertRejects(async () => {
      await distil.run(parseCommandLine(distil, args.slice(1)), context);
    }, Interrupted);
  } finally {
    clearInterval(timer);
  }
}

/**
 * Asserts that a run which is stopped in each of its trainings, and resumed, writes what an unbroken one does, to the byte.
 *
 * @param run the arguments, by the folder to write
 */
export async function assertResumes(
  folder: string,
  method: string,
  run: (out: string) => readonly string[],
): Promise<void> {
  const whole = await runProgram(...run(`${folder}/whole`));
  assertEquals(whole.status, 0, whole.reported);
  const eachStep = [...run(`${folder}/stopped`), "--checkpoint-every", "0"];
  const state = `${folder}/stopped/.state/results`;
  await stopAt(`${state}/shared`, "distil_sft_seed_10", eachStep);
  assertEquals(namesIn(`${state}/cells/distil`), [], "it was stopped before the method began");
  await stopAt(`${state}/cells/distil`, `${method}_10.safetensors`, eachStep);
  assert(!isFile(`${folder}/stopped/model.safetensors`), "it was stopped before its end");
  const resumed = await runProgram(...eachStep);
  assertEquals(resumed.status, 0, resumed.reported);
  await assertSameRuns(`${folder}/stopped`, `${folder}/whole`);
}

/** Names of what a folder has; none where there is none. */
export function namesIn(folder: string): string[] {
  return isFolder(folder) ? Array.from(Deno.readDirSync(folder), ({ name }) => name) : [];
}

/** Asserts that two runs have written the same student and the same results, to the byte. */
export async function assertSameRuns(own: string, other: string): Promise<void> {
  const records = RECORDS.filter((name) => name !== "provenance.json").map((name) => `results/distil/${name}`);
  for (const name of ["model.safetensors", "config.json", ...records]) {
    const [a, b] = await Promise.all([own, other].map((out) => Deno.readFile(`${out}/${name}`)));
    assertEquals(a, b, name);
  }
}
