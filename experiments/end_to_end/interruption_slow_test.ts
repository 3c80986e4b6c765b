import { assert, assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { runShell, whyNoSmallDisk } from "#lib/runner/test_process.ts";
import { testCopy } from "./test_copy.ts";
import {
  assertSameFiles,
  assertStops,
  CELL,
  checkpointsIn,
  LONG,
  reachStep,
  read,
  stopped,
  timesAt,
} from "./test_interruption.ts";
import { start } from "./test_program.ts";
import { runProgram, testInFolder } from "./test_run.ts";

const noSignals = Deno.build.os === "windows" ? "needs signals" : undefined;
const noSmallDisk = noSignals ?? await whyNoSmallDisk();

let whole: Promise<string> | undefined;

/** The results of a run without a stop, which several tests look at. */
function wholeRun(): Promise<string> {
  return whole ??= (async () => {
    const folder = await Deno.makeTempDir();
    assertEquals((await runProgram(...LONG, "--quiet", "--results", folder)).status, 0);
    return folder;
  })();
}

Deno.test.afterAll(async () => {
  if (whole) await Deno.remove(await whole, { recursive: true });
});

function test(name: string, fn: (folder: string) => Promise<void>): void {
  testInFolder(name, (folder) => fn(`${folder}/stopped`), noSignals);
}

test("Ctrl-C and SIGTERM finish the step and save it; the next run resumes from there to the same files", async (folder) => {
  await assertStops("SIGINT", 130, `${folder}/first`, await wholeRun());
  await assertStops("SIGTERM", 143, `${folder}/second`, await wholeRun());
});

test("a checkpoint that is cut off or changed is reported and renamed, and the cell starts again", async (folder) => {
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
    const said = await stoppedAgain.until(/renamed to/);
    assertMatch(
      said,
      /\.safetensors: damaged: .+; renamed to \S+\.safetensors\.damaged; starting again: llama: ammd/,
    );
    stoppedAgain.process.kill("SIGKILL");
    await stoppedAgain.end();
    assertEquals(await Deno.readFile(`${path}.damaged`), damaged);
  }
  assertEquals((await runProgram(...LONG, "--results", folder)).status, 0);
  await assertSameFiles(folder, await wholeRun());
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
  /** SFT was recorded before the change, and a version that was not raised vouches for it. */
  const resumed = async (folder: string) =>
    (await read(folder, "scores.csv")).split("\n").filter((row) => row.includes(",ammd_sft,"));
  for (const [i, change] of changes.entries()) {
    await stopped(results, "SIGTERM", program);
    await copy.whileChanged("lib/training/schedule.ts", change, async () => {
      assertEquals((await start([...LONG, "--results", results], program).end()).code, 0);
      assertEquals((await start([...LONG, "--results", `${results}/new`], program).end()).code, 0);
      const [rows, expected] = [await resumed(results), await resumed(`${results}/new`)];
      assert(rows.length > 0);
      assertEquals(rows, expected);
    });
    assertEquals(await timesAt(results, 6), 1 + i);
    await Deno.remove(results, { recursive: true });
  }
});

test(
  "a second process on the same results is refused by a line that names the first, which goes on",
  async (folder) => {
    const first = start([...LONG, "--results", folder]);
    await reachStep(first, folder, 6);
    first.process.kill("SIGSTOP"); // else it may come to its end first
    const second = await start([...CELL, "--results", folder]).end();
    assertEquals(second.code, 1);
    assertMatch(
      second.err,
      /\nerror: \S+\/stopped\/ is in use by process \d+ since \d\d:\d\d UTC \(\.\/run reproduce [^\n]+; wait for it, [^\n]+\n$/,
    );
    // What is finished is shown all the same, and a plan can be made.
    assertEquals((await start([...CELL, "--results", folder, "--dry-run"]).end()).code, 0);
    first.process.kill("SIGCONT");
    assertEquals((await first.end()).code, 0);
    await assertSameFiles(folder, await wholeRun());
  },
);

testInFolder(
  "a disk that gets full ends the run with a line that says so; with more room the run goes on",
  async (folder) => {
    const program = decodeURIComponent(new URL("../main.ts", import.meta.url).pathname);
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
    const program = decodeURIComponent(new URL("../main.ts", import.meta.url).pathname);
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
