import { assert, assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { runShell, whyNoSmallDisk } from "#lib/runner/test_process.ts";
import { testCopy } from "./test_copy.ts";
import { PROGRAM, start } from "./test_program.ts";
import { runProgram, testInFolder } from "./test_run.ts";

// What ends a run before its end, in a process of its own; a run without a stop shows what must come out.

/** One after the other: the first is done when the second is stopped. */
const ONE_BY_ONE = ["--seeds", "10", "--jobs", "1"];
const CELL = ["reproduce", "instruction_following", "--profile", "smoke", ...ONE_BY_ONE, "--methods", "sft,ammd_sft"];
/** Enough steps that it is still training when it is stopped. */
const LONG = [...CELL, "--set", "distillation.steps=60"];
const FILES = ["scores.csv", "items.csv", "curves.csv", "samples.jsonl", "table.md"];
const ignore = Deno.build.os === "windows";
const noSmallDisk = ignore ? "needs Linux's tmpfs" : await whyNoSmallDisk();

const read = (folder: string, file: string) => Deno.readTextFile(`${folder}/smoke/instruction_following/${file}`);

async function assertSameFiles(folder: string, expected: string): Promise<void> {
  for (const file of FILES) assert(await read(folder, file) === await read(expected, file), `${file} differs`);
}

/** Waits until the log of the cell says that it has come to a step. */
async function reachStep(folder: string, step: number): Promise<void> {
  while (await timesAt(folder, step) === 0) await new Promise((done) => setTimeout(done, 20));
}

/** How often the log of the cell says so: each time that it was trained from the start. */
async function timesAt(folder: string, step: number): Promise<number> {
  const path = `${folder}/.state/smoke/logs/instruction_following/ammd_sft_10.log`;
  const log = await Deno.readTextFile(path).catch(() => "");
  return log.split(` step ${step} of 60`).length - 1;
}

/** A run that is stopped by a signal in the middle of training, and saved by nothing but that. */
async function stopped(folder: string, signal: Deno.Signal, program = PROGRAM): Promise<{ code: number; err: string }> {
  const run = start([...LONG, "--results", folder, "--checkpoint-every", "3600"], program);
  await reachStep(folder, 12);
  run.process.kill(signal);
  return await run.end();
}

function checkpointsIn(folder: string): string[] {
  const cells = `${folder}/.state/smoke/cells/instruction_following`;
  return [...Deno.readDirSync(cells)].map(({ name }) => `${cells}/${name}`);
}

function test(name: string, fn: (folder: string, whole: string) => Promise<void>): void {
  if (ignore) return Deno.test({ name, ignore, fn: () => {} });
  testInFolder(name, async (folder) => {
    const whole = `${folder}/whole`;
    assertEquals((await runProgram(...LONG, "--quiet", "--results", whole)).status, 0);
    await fn(`${folder}/stopped`, whole);
  });
}

test(
  "Ctrl-C and SIGTERM finish the step and save it; the next run goes on from there to the same files",
  async (folder, whole) => {
    for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
      const first = await stopped(folder, signal);
      assertEquals(first.code, code, first.err);
      assertMatch(first.err, /stopping: the step is finished and saved; once more stops at once\n/);
      assertMatch(first.err, /interrupted: what is done is saved; the same command goes on from there\n$/);
      assertEquals(checkpointsIn(folder).length, 1);
      const second = await runProgram(...LONG, "--results", folder);
      assertEquals(second.status, 0, second.reported);
      assertStringIncludes(second.reported, "cached 1/2, ran 1");
      assertEquals(await timesAt(folder, 6), 1, "it began anew");
      await assertSameFiles(folder, whole);
      assertEquals(checkpointsIn(folder), []);
      await Deno.remove(folder, { recursive: true });
    }
  },
);

test("a checkpoint that is cut off or changed is told, set aside, and the cell begun anew", async (folder, whole) => {
  await stopped(folder, "SIGINT");
  const [path] = checkpointsIn(folder);
  const bytes = await Deno.readFile(path);
  for (
    const damaged of [
      bytes.slice(0, bytes.length >> 1),
      bytes.with(bytes.length - 5, bytes.at(-5)! ^ 1),
      new Uint8Array(),
    ]
  ) {
    await Deno.writeFile(path, damaged);
    const stoppedAgain = start([...LONG, "--results", folder, "--checkpoint-every", "3600"]);
    const said = await stoppedAgain.until(/set aside as/);
    assertMatch(
      said,
      /\.safetensors: damaged: .+; set aside as \S+\.safetensors\.damaged, and begun anew: llama: moment matching/,
    );
    stoppedAgain.process.kill("SIGKILL");
    await stoppedAgain.end();
    assertEquals(await Deno.readFile(`${path}.damaged`), damaged);
  }
  assertEquals((await runProgram(...LONG, "--results", folder)).status, 0);
  await assertSameFiles(folder, whole);
});

testInFolder(
  "a checkpoint of other settings is not gone on from, nor what cells share of other settings or data",
  async (folder) => {
    const kd = [...CELL.slice(0, -1), "seqkd", "--quiet"];
    const runIn = async (name: string, ...set: string[]) => {
      const args = [...kd, ...set.flatMap((each) => ["--set", each]), "--results", `${folder}/${name}`];
      assertEquals((await runProgram(...args)).status, 0);
    };
    await runIn("used");
    // Of the teacher itself, of its texts, of what it was trained on, and of how it writes.
    const changes = [
      "teacher.seed=2",
      "teacher.training.steps=5",
      "distillation.teacherTexts=16",
      "data.trainRecords=300",
      "data.maxNewTokens=12",
      "optimizer.weightDecay=0.5",
    ];
    for (const [i, change] of changes.entries()) {
      await runIn("used", change);
      await runIn(`new ${i}`, change);
      await assertSameFiles(`${folder}/used`, `${folder}/new ${i}`);
    }
  },
);

test("a checkpoint of other settings is not gone on from", async (folder) => {
  await stopped(folder, "SIGINT");
  const other = [...LONG, "--set", "optimizer.maxGradNorm=0.5", "--quiet", "--results"];
  assertEquals((await runProgram(...other, folder)).status, 0);
  assertEquals((await runProgram(...other, `${folder}/other`)).status, 0);
  await assertSameFiles(folder, `${folder}/other`);
  assertEquals(await timesAt(folder, 6), 2);
});

testCopy("a checkpoint of other code is not gone on from, one of the same with other comments is", async (copy) => {
  const program = `${copy.folder}/experiments/main.ts`;
  const results = `${copy.folder}/results`;
  const changes = [
    (text: string) => `${text}// A comment.\n`,
    (text: string) => text.replace("Math.PI", "3.14"),
  ];
  for (const [i, change] of changes.entries()) {
    await stopped(results, "SIGTERM", program);
    await copy.whileChanged("lib/training/schedule.ts", change, async () => {
      assertEquals((await start([...LONG, "--results", results], program).end()).code, 0);
      assertEquals((await start([...LONG, "--results", `${results}/new`], program).end()).code, 0);
      await assertSameFiles(results, `${results}/new`);
    });
    assertEquals(await timesAt(results, 6), 1 + i);
    await Deno.remove(results, { recursive: true });
  }
});

test(
  "a second process on the same results is refused by a line that names the first, which goes on",
  async (folder, whole) => {
    const first = start([...LONG, "--results", folder]);
    await reachStep(folder, 6);
    const second = await start([...CELL, "--results", folder]).end();
    assertEquals(second.code, 1);
    assertMatch(
      second.err,
      /\nerror: \S+\/stopped\/ is in use by process \d+ since \d\d:\d\d UTC \(\.\/run reproduce [^\n]+; wait for it, [^\n]+\n$/,
    );
    // What is finished is shown all the same, and a plan can be made.
    assertEquals((await start([...CELL, "--results", folder, "--dry-run"]).end()).code, 0);
    assertEquals((await first.end()).code, 0);
    await assertSameFiles(folder, whole);
  },
);

testInFolder(
  "a disk that gets full ends the run with a line that says so; with more room the run goes on",
  async (folder) => {
    const program = decodeURIComponent(new URL("./main.ts", import.meta.url).pathname);
    const run = `deno run --quiet --allow-all ${program} ${CELL.join(" ")} --quiet --results disk --checkpoint-every 0`;
    const inside = `mount -t tmpfs -o size=250k tmpfs disk && { ${run} >first.out 2>first.err; echo $? >first.code;
      find disk >first.list; mount -o remount,size=64m disk && ${run} >second.out 2>second.err; echo $? >second.code; cp -R disk/smoke .; }`;
    await Deno.mkdir(`${folder}/disk`);
    const { code, err } = await runShell(
      `cd "$1" && exec unshare --map-root-user --mount sh -c "$2"`,
      folder,
      inside,
    );
    assertEquals([code, err], [0, ""]);
    const file = (name: string) => Deno.readTextFile(`${folder}/${name}`);
    assertEquals([await file("first.code"), await file("second.code")], ["1\n", "0\n"], await file("second.err"));
    assertMatch(
      await file("first.err"),
      /\nerror: \S*disk\/\S+: cannot be written: the disk is full; what was recorded is whole; free some space, or [^\n]+\n$/,
    );
    assertEquals((await file("first.list")).includes(".part"), false);
    assertEquals((await runProgram(...CELL, "--quiet", "--results", `${folder}/whole`)).status, 0);
    await assertSameFiles(folder, `${folder}/whole`);
  },
  noSmallDisk,
);

testInFolder(
  "results on a read-only disk are shown, and nothing is run on it",
  async (folder) => {
    const cell = [...CELL.slice(0, -1), "sft"];
    assertEquals((await runProgram(...cell, "--quiet", "--results", `${folder}/disk`)).status, 0);
    const program = decodeURIComponent(new URL("./main.ts", import.meta.url).pathname);
    const run = (args: readonly string[]) => `deno run --quiet --allow-all ${program} ${args.join(" ")} --results disk`;
    const inside = `mount --bind disk disk && mount -o remount,bind,ro disk &&
      ${run(cell)} >cached.out 2>cached.err; echo $? >cached.code; ${run(CELL)} >run.out 2>run.err; echo $? >run.code`;
    await runShell(`cd "$1" && exec unshare --map-root-user --mount sh -c "$2"`, folder, inside);
    const file = (name: string) => Deno.readTextFile(`${folder}/${name}`);
    assertEquals(await file("cached.code"), "0\n", await file("cached.err"));
    assertStringIncludes(await file("cached.out"), await read(`${folder}/disk`, "table.md"));
    assertEquals(await file("run.code"), "1\n");
    assertMatch(
      await file("run.err"),
      /\nerror: disk\/\.state\/lock: cannot be written: the file system is read-only; [^\n]+--results DIR\n$/,
    );
    assertNotEquals(await file("cached.out"), "");
  },
  noSmallDisk,
);
