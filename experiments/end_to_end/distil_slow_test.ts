import { assert, assertEquals, assertMatch } from "@std/assert";
import { RandomStream } from "#lib/random/random_stream.ts";
import { writeLines } from "#lib/cli/test_stories.ts";
import { distilArguments, writeSmallStudent } from "./test_distillation.ts";
import { killedAfter } from "./test_kills.ts";
import { runProgram, testInFolder } from "./test_run.ts";

const KILLS = 10;
/** Changes of files that a life lasts, in the mean. */
const MEAN_CHANGES = 40;

/** The bytes of a folder's files but for what varies between runs: times in provenance, and the card that has the commit and the command. */
function filesIn(folder: string, under = ""): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const entries = [...Deno.readDirSync(`${folder}/${under}`)].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, isDirectory } of entries) {
    const path = `${under}${name}`;
    if (isDirectory) { for (const [inner, bytes] of filesIn(folder, `${path}/`)) files.set(inner, bytes); }
    else if (!["provenance.json", "README.md"].includes(name)) files.set(path, Deno.readFileSync(`${folder}/${path}`));
  }
  return files;
}

testInFolder("a distillation that is killed ten times, at any moment, comes to the same bytes", async (folder) => {
  const student = await writeSmallStudent(`${folder}/small`);
  const argumentsTo = (out: string, ...more: string[]) =>
    distilArguments(student, "--method", "mm_pbkd_offline", "--set", "preferences.pairs=16", "--out", out, ...more);
  const whole = await runProgram(...argumentsTo(`${folder}/whole`));
  assertEquals(whole.status, 0, whole.reported);
  const out = `${folder}/killed`;
  const words = argumentsTo(out, "--checkpoint-every", "0");
  const random = new RandomStream(5, "moments to kill at");
  for (let killed = 0; killed < KILLS;) {
    await Deno.mkdir(out, { recursive: true });
    if (await killedAfter(words, out, Math.ceil(MEAN_CHANGES * (0.25 + 1.5 * random.uniform())))) killed++;
    // It came to its end before: the other kills are of a run from the start.
    else await Deno.remove(out, { recursive: true });
  }
  const { status, reported } = await runProgram(...words);
  assertEquals(status, 0, reported);
  const [own, expected] = [filesIn(out), filesIn(`${folder}/whole`)];
  assertEquals([...own.keys()], [...expected.keys()]);
  for (const [name, bytes] of own) assert(indexOfDifference(bytes, expected.get(name)!) < 0, `${name} differs`);
});

function indexOfDifference(a: Uint8Array, b: Uint8Array): number {
  return a.length === b.length ? a.findIndex((byte, i) => byte !== b[i]) : Math.min(a.length, b.length);
}

testInFolder("an encoder-decoder is distilled into another, by methods of every kind", async (folder) => {
  const options = ["--profile", "smoke", "--results", `${folder}/results`, "--quiet"];
  for (const name of ["teacher", "sft"]) {
    const cell = `task_specific/${name}/samsum/small/10`;
    const { status, reported } = await runProgram("export", cell, `${folder}/${name}`, ...options);
    assertEquals(status, 0, reported);
  }
  const records = Array.from({ length: 30 }, (_, i) => ({
    prompt: `Anna: did you buy ${i} apples? Ben: yes, ${i}.`,
    response: `Ben bought ${i} apples.`,
  }));
  await writeLines(`${folder}/talks.jsonl`, records);
  const { status, printed, reported } = await runProgram(
    ...["distil", "--teacher", `${folder}/teacher`, "--student", `${folder}/sft`, "--data", `${folder}/talks.jsonl`],
    ...["--method", "gkd", "--compare", "ammd,minillm,seqkd,dpo", "--steps", "4", "--sft-steps", "4", "--quiet"],
    ...["--max-new-tokens", "24", "--set", "preferences.pairs=12", "--set", "evaluation.heldOut=distances"],
    ...["--out", `${folder}/out`],
  );
  assertEquals(status, 0, reported);
  for (const label of ["AMMD", "MiniLLM", "SeqKD", "DPO", "GKD"]) {
    assertMatch(printed, new RegExp(`^\\| ${label} +\\|.*\\|$`, "m"));
  }
  assertMatch(printed, /distances on held-out prompts/);
  const answered = await runProgram("generate", `${folder}/out`, records[0].prompt, "--max-new-tokens", "4");
  assertEquals(answered.status, 0, answered.reported);
});
