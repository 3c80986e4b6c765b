import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { partOf } from "#lib/objectives/top_token_file.ts";
import { isFile, removeIfThere } from "#lib/results/storage.ts";
import { STORIES } from "#lib/cli/test_stories.ts";
import { distilArguments, writeSmallStudent } from "./test_distillation.ts";
import { killedAfter } from "./test_kills.ts";
import { runProgram, testInFolder } from "./test_run.ts";

const RESULTS = ["scores.csv", "items.csv", "curves.csv", "samples.jsonl", "table.md"];
const FILES = ["model.safetensors", ...RESULTS.map((name) => `results/distil/${name}`)];

async function ran(...args: readonly string[]): Promise<string> {
  const { status, printed, reported } = await runProgram(...args);
  assertEquals(status, 0, reported);
  return printed;
}

/** Where a run keeps what it asks of the teacher, as a dry run tells it. */
async function fileOf(args: readonly string[]): Promise<string> {
  const printed = await ran(...args, "--dry-run");
  const [, path] = /^kept .* in (\S+\.bin)/m.exec(printed) ?? [];
  assert(path !== undefined, printed);
  return path;
}

async function assertSame(folder: string, own: string, other: string): Promise<void> {
  for (const name of FILES) {
    const [a, b] = await Promise.all([own, other].map((out) => Deno.readFile(`${folder}/${out}/${name}`)));
    assertEquals(a, b, name);
  }
}

/** Values of a measure of a method, in the order of its steps. */
async function curveOf(out: string, method: string, measure: string): Promise<number[]> {
  const lines = (await Deno.readTextFile(`${out}/results/distil/curves.csv`)).split("\n");
  return lines.filter((line) => line.startsWith(`distil,${method},`) && line.includes(`,${measure},`))
    .map((line) => Number(line.split(",").at(-1)));
}

testInFolder(
  "a student learns from a teacher's likeliest tokens on the disk, found by the next run, or made again after kills",
  async (folder) => {
    const student = await writeSmallStudent(`${folder}/small`);
    const to = (out: string, ...more: readonly string[]) =>
      distilArguments(student, "--method", "kd", "--teacher-top-k", "16", "--out", `${folder}/${out}`, ...more);
    const path = await fileOf(to("first"));
    try {
      await Promise.all([path, partOf(path)].map(removeIfThere));
      const before = await ran(...to("first"), "--dry-run");
      assertMatch(before, /^kept {5}16 of 512 tokens at 864 states: 87\.2 kB in \.cache\/teacher\/\w{16}\.bin$/m);
      assertMatch(before, /^apart .* while the teacher is asked or scores, .* while the student trains without it$/m);
      await ran(...to("first"));
      const losses = await curveOf(`${folder}/first`, "kd", "loss");
      assert(losses.at(-1)! < losses[0], `${losses}`);
      const whole = await Deno.readFile(path);
      assertMatch(await ran(...to("second"), "--dry-run"), /\.bin, there already$/m);
      const { mtime } = await Deno.stat(path);
      await ran(...to("second"));
      assertEquals((await Deno.stat(path)).mtime, mtime, "the teacher was asked again");
      await assertSame(folder, "second", "first");

      await Deno.remove(path);
      const folderOfFile = path.replace(/\/[^/]*$/, "");
      for (const changes of [3, 5]) {
        assert(await killedAfter(to("killed"), folderOfFile, changes), "it came to its end");
        assert(!isFile(path) && isFile(partOf(path)));
      }
      await ran(...to("killed"));
      assertEquals(await Deno.readFile(path), whole);
      await assertSame(folder, "killed", "first");

      // Another student, and other methods beside it, ask the teacher nothing.
      const other = ["--method", "kd", "--teacher-top-k", "16", "--compare", "seqkd", "--out", `${folder}/other`];
      assertEquals(await fileOf(distilArguments(STORIES, ...other)), path);
    } finally {
      await Promise.all([path, partOf(path)].map(removeIfThere));
    }
  },
);

testInFolder("of all tokens, the student is the one that learns from the teacher itself", async (folder) => {
  const student = await writeSmallStudent(`${folder}/small`);
  const to = (out: string, ...more: readonly string[]) =>
    distilArguments(student, "--method", "kd", "--out", `${folder}/${out}`, ...more);
  const kept = to("kept", "--teacher-top-k", "512");
  const path = await fileOf(kept);
  try {
    await ran(...to("beside"));
    await ran(...kept);
    const [own, beside] = await Promise.all(
      ["kept", "beside"].map((out) => curveOf(`${folder}/${out}`, "kd", "loss")),
    );
    assertEquals(own.length, 3);
    own.forEach((loss, i) => assertAlmostEquals(loss, beside[i], 1e-6));
  } finally {
    await removeIfThere(path);
  }
});

testInFolder("what cannot learn from likeliest tokens is refused in one line", async (folder) => {
  const student = await writeSmallStudent(`${folder}/small`);
  for (
    const [args, part] of [
      [["--method", "gkd", "--teacher-top-k", "16"], "gkd needs the teacher while the student trains; kd learns from "],
      [["--method", "kd", "--compare", "ammd", "--teacher-top-k", "16"], "--teacher-top-k 16: ammd needs the teacher "],
      [["--method", "seqkd", "--teacher-top-k", "16"], "seqkd learns from no probabilities; take kd, or leave it out"],
      [["--method", "kd", "--teacher-top-k", "513"], "the teacher's 513 likeliest tokens: its vocabulary has 512"],
      [
        ["--method", "kd", "--teacher-top-k", "16", "--set", "evaluation.heldOut=distances"],
        "evaluation.heldOut=distances needs the teacher while the student of kd trains; leave one of them out",
      ],
      [["--method", "kd", "--teacher-top-k", "0"], "--teacher-top-k 0: must be at least 1"],
    ] as const
  ) {
    const { status, reported } = await runProgram(...distilArguments(student, "--out", `${folder}/out`, ...args));
    assertEquals([status, reported.trimEnd().split("\n").length], [2, 1], reported);
    assert(reported.includes(part), reported);
  }
});

Deno.test("doctor plans a method's teacher apart, where it can be, and refuses what distil does", async () => {
  const asked = async (...more: readonly string[]) => {
    const { status, printed, reported } = await runProgram(
      "doctor",
      "--for",
      `${STORIES}:${STORIES}`,
      ...more,
      "--json",
    );
    return status === 2 ? { reported } : JSON.parse(printed).fit.plan;
  };
  const bytesOf = async (...more: readonly string[]) => (await asked(...more)).totalBytes;
  const [apart, beside] = [await asked("--method", "kd", "--teacher-top-k", "16"), await bytesOf("--method", "kd")];
  assert(apart.totalBytes < beside);
  assertEquals(apart.totalBytes, Math.max(apart.times.teacher, apart.times.training));
  assertEquals(await asked("--teacher-top-k", "16"), apart);
  assert(await bytesOf("--method", "seqkd") < beside);
  const { reported } = await asked("--method", "gkd", "--teacher-top-k", "16");
  assertMatch(reported, /^error: --teacher-top-k 16: gkd needs the teacher while the student trains; kd learns from /);
});
