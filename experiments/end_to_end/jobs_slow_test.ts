import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runShell } from "#lib/runner/test_process.ts";
import { type Running, start } from "./test_program.ts";
import { runProgram, testInFolder } from "./test_run.ts";

// Cells in processes of their own; a run in this process, cell by cell, shows what must come out.

const TABLE = ["reproduce", "instruction_following", "--profile", "smoke"];
/** Enough steps that both are still training when they are stopped. */
const LONG = [...TABLE, "--seeds", "10", "--methods", "kd,ammd_sft", "--set", "distillation.steps=60"];
const JOBS = ["--jobs", "2", "--checkpoint-every", "0"];
const METHODS = ["kd", "ammd_sft"];
const cannotRun = Deno.build.os === "windows" ? "needs sh" : undefined;

/** The texts of files, by their paths. */
type Files = Readonly<Record<string, string>>;

/** Every file of a profile's results, by its path; of provenance what does not vary between runs. */
function filesIn(folder: string, under = "smoke"): Files {
  const entries = [...Deno.readDirSync(`${folder}/${under}`)];
  return Object.assign(
    {},
    ...entries.map(({ name, isDirectory }) => {
      const path = `${under}/${name}`;
      if (isDirectory) return filesIn(folder, path);
      const text = Deno.readTextFileSync(`${folder}/${path}`);
      return { [path]: name === "provenance.json" ? steadyPart(text) : text };
    }),
  );
}

/** Times and memory vary; which shared things took long enough to be told does with them. Somebody may commit meanwhile. */
function steadyPart(provenance: string): string {
  return provenance.replaceAll(/"commit":"\w+","dirty":\w+/g, "").replaceAll(
    /"(wallSeconds|peakMemoryBytes|peakGpuBytes)":[\d.]+/g,
    '"$1":0',
  )
    .replace(/"shared": \{(\n[^]*?\n {2})?\}/, '"shared": {}');
}

function assertSameFiles(folder: string, wanted: Files): void {
  const found = filesIn(folder);
  assertEquals(Object.keys(found).sort(), Object.keys(wanted).sort());
  for (const [path, text] of Object.entries(wanted)) assert(found[path] === text, `${path} differs`);
}

async function logOf(folder: string, method: string): Promise<string> {
  return await Deno.readTextFile(`${folder}/.state/smoke/logs/instruction_following/${method}_10.log`).catch(() => "");
}

/** How often a cell has come to a step. */
async function timesAt(folder: string, method: string, step: number): Promise<number> {
  return (await logOf(folder, method)).split(` step ${step} of 60`).length - 1;
}

/** Waits until all cells have come to a step; the processes that compute them now. */
async function reachStep(folder: string, step: number): Promise<number[]> {
  for (const method of METHODS) await waitFor(folder, async () => await timesAt(folder, method, step) > 0);
  return await Promise.all(METHODS.map((method) => processOf(folder, method)));
}

/** The process that last began a cell, by its log. */
async function processOf(folder: string, method: string): Promise<number> {
  return Number([...(await logOf(folder, method)).matchAll(/, process (\d+): /g)].at(-1)![1]);
}

/** Waits until another process has begun a cell. */
async function processAfter(first: number, folder: string, method: string): Promise<number> {
  await waitFor(folder, async () => await processOf(folder, method) !== first);
  return await processOf(folder, method);
}

/** Waits until something is so that shows in a folder. */
async function waitFor(folder: string, isSo: () => Promise<boolean>): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  using watcher = Deno.watchFs(folder);
  if (await isSo()) return;
  for await (const _change of watcher) {
    if (await isSo()) return;
  }
}

async function kill(id: number): Promise<void> {
  assertEquals((await runShell('kill -9 "$1"', String(id))).code, 0);
}

/** Waits until a process has ended; one that nobody has asked after yet has, too. */
async function waitForEnd(id: number): Promise<void> {
  const isThere = 'kill -0 "$1" 2>/dev/null && ! grep -q "^State:.Z" "/proc/$1/status" 2>/dev/null';
  while ((await runShell(isThere, String(id))).code === 0) await new Promise((done) => setTimeout(done, 20));
}

let whole: Files | undefined;

/** What a run without a stop gives, made once for all tests. */
async function wholeFiles(folder: string): Promise<Files> {
  if (whole === undefined) {
    assertEquals((await runProgram(...LONG, "--quiet", "--results", folder)).status, 0);
    whole = filesIn(folder);
  }
  return whole;
}

function test(name: string, fn: (folder: string, whole: Files) => Promise<void>): void {
  testInFolder(name, async (folder) => await fn(`${folder}/jobs`, await wholeFiles(`${folder}/whole`)), cannotRun);
}

/** Runs it to its end and looks whether nothing was begun anew. */
async function assertResumes(
  folder: string,
  whole: Files,
  run: Running = start([...LONG, ...JOBS, "--results", folder]),
) {
  const { code, err } = await run.end();
  assertEquals(code, 0, err);
  assertSameFiles(folder, whole);
  for (const method of METHODS) assertEquals(await timesAt(folder, method, 6), 1, `${method} was begun anew`);
  return err;
}

testInFolder(
  "cells side by side give the same files as one after the other, in whatever order they end",
  async (folder) => {
    // β = 0.5 is AMMD; tables of three experiments.
    const grid = ["reproduce", "imitation_gap", "instruction_following", "combination_factor", "--profile", "smoke"];
    const some = [...grid, "--seeds", "10,20", "--methods", "sft,kd,ammd,beta_0.5,distance_1"];
    const [one, two] = ["one", "two"].map((name) => `${folder}/${name}`);
    assertEquals((await runProgram(...some, "--quiet", "--results", one)).status, 0);
    const { code, err } = await start([...some, "--jobs", "2", "--results", two]).end();
    assertEquals(code, 0, err);
    assertMatch(err, /^cached 0\/10, ran 8, took 2 from other experiments$/m);
    assertSameFiles(two, filesIn(one));
    // Each model that cells share was trained once, and found by the others.
    const { out: logs } = await runShell('cat "$1"/.state/smoke/logs/*/*.log', two);
    for (const model of ["teacher, seed 1", "sft, seed 10", "sft, seed 20"]) {
      assertEquals(logs.split(`${model}: step 10 of 10`).length - 1, 1, model);
    }
  },
  cannotRun,
);

test("a worker that is killed is replaced, once, by one that resumes its cell", async (folder, whole) => {
  const run = start([...LONG, ...JOBS, "--results", folder]);
  const [, worker] = await reachStep(folder, 12);
  await kill(worker);
  const err = await assertResumes(folder, whole, run);
  assertMatch(err, /^instruction_following\/ammd_sft\/10: its process ended \(by SIGKILL\); another one resumes it$/m);

  // A second time its cell fails, and the others are done.
  await Deno.remove(folder, { recursive: true });
  const second = start([...LONG, ...JOBS, "--results", folder]);
  const [, first] = await reachStep(folder, 12);
  await kill(first);
  await kill(await processAfter(first, folder, "ammd_sft"));
  const failed = await second.end();
  assertEquals(failed.code, 1);
  assertMatch(
    failed.err,
    /^failed: instruction_following\/ammd_sft\/10: its process ended, and so did another one that /m,
  );
  assertMatch(failed.err, /^cached 0\/2, ran 1, failed 1$/m);
  await assertResumes(folder, whole);
});

test(
  "workers end when the run is killed that they are of, and the next one resumes their cells",
  async (folder, whole) => {
    const run = start([...LONG, ...JOBS, "--results", folder]);
    const workers = await reachStep(folder, 12);
    assertEquals(new Set(workers).size, 2);
    run.process.kill("SIGKILL");
    await run.end();
    // It begins while they may be saving still.
    await assertResumes(folder, whole);
    for (const worker of workers) await waitForEnd(worker);
  },
);

test("Ctrl-C and SIGTERM save all cells; the next run resumes them to the same files", async (folder, whole) => {
  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    const run = start([...LONG, "--jobs", "2", "--checkpoint-every", "3600", "--results", folder]);
    const workers = await reachStep(folder, 12);
    run.process.kill(signal);
    const stopped = await run.end();
    assertEquals(stopped.code, code, stopped.err);
    assertMatch(stopped.err, /interrupted: what is done is saved; the same command goes on from there\n$/);
    for (const worker of workers) await waitForEnd(worker);
    await assertResumes(folder, whole);
    await Deno.remove(folder, { recursive: true });
  }
});

test("a second signal ends the run and its workers at once", async (folder, whole) => {
  const run = start([...LONG, ...JOBS, "--results", folder]);
  const workers = await reachStep(folder, 12);
  run.process.kill("SIGTERM");
  run.process.kill("SIGINT");
  const { code } = await run.end();
  assert(code === 130 || code === 143);
  for (const worker of workers) await waitForEnd(worker);
  await assertResumes(folder, whole);
});

testInFolder(
  "a cell that fails side by side with others fails alone, or is the last with --fail-fast",
  async (folder) => {
    const wild = [...TABLE, "--seeds", "10", "--set", "distillation.learningRate=1e30", "--jobs", "2", "--results"];
    const { code, err } = await start([...wild, `${folder}/all`, "--methods", "teacher,sft_continued,kd"]).end();
    assertEquals(code, 1, err);
    assertMatch(
      err,
      /^failed: instruction_following\/kd\/10: kd, seed 10: (loss|grad_norm) is (NaN|-?Infinity) at step \d+/m,
    );
    assertStringIncludes(err, "cached 0/3, ran 1, failed 2\n");
    assertStringIncludes(await logOf(`${folder}/all`, "kd"), "ended: NonFiniteError");

    const methods = "sft_continued,kd,seqkd,imitkd,gkd";
    const fast = await start([...wild, `${folder}/fast`, "--methods", methods, "--fail-fast"]).end();
    assertEquals(fast.code, 1, fast.err);
    // Another may have failed before it was stopped.
    assertMatch(fast.err, /^cached 0\/5, failed [12]$/m);
  },
  cannotRun,
);

testInFolder("./run cell prints what a cell gives and records nothing", async (folder) => {
  const args = ["instruction_following/sft/10", "--profile", "smoke", "--results", folder];
  const { status, printed } = await runProgram("cell", ...args);
  assertEquals(status, 0);
  const { cell, done } = JSON.parse(printed.split("\n").at(-1)!);
  assertEquals([cell, done.result.scores.length > 0, done.basis.run], [args[0], true, "llama: sft, seed 10"]);
  assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), [".state"]);
  const wrong = await runProgram("cell", "instruction_following/stf/10", ...args.slice(1));
  assertEquals([wrong.status, wrong.printed], [2, ""]);
  assertStringIncludes(wrong.reported, 'did you mean "sft"?');
});
