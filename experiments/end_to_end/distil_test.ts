import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { isFolder } from "#lib/data/folder_names.ts";
import { isFile } from "#lib/results/storage.ts";
import { assertResumes, distilArguments, RECORDS, STORIES, TEXTS, writeSmallStudent } from "./test_distillation.ts";
import { runProgram, testInFolder } from "./test_run.ts";

/** Values of a measure of a method, in the order of its steps. */
async function curveOf(out: string, method: string, measure: string): Promise<number[]> {
  const lines = (await Deno.readTextFile(`${out}/results/distil/curves.csv`)).split("\n");
  return lines.filter((line) => line.startsWith(`distil,${method},`) && line.includes(`,${measure},`))
    .map((line) => Number(line.split(",").at(-1)));
}

async function scoreOf(out: string, method: string, metric: string): Promise<number> {
  const lines = (await Deno.readTextFile(`${out}/results/distil/scores.csv`)).split("\n");
  return Number(lines.find((line) => line.startsWith(`distil,${method},test,${metric},`))!.split(",")[5]);
}

testInFolder(
  "a student of a quarter of the teacher's size learns, and is a folder that evaluates as it was scored",
  async (folder) => {
    const [student, out] = [await writeSmallStudent(`${folder}/small`), `${folder}/out`];
    const args = distilArguments(student, "--method", "kd", "--out", out);
    const dry = await runProgram(...args, "--dry-run");
    assertMatch(
      dry.printed,
      /^student {2}.*small: llama, 63 k parameters, from drawn values; fine-tuned .* for 8 steps$/m,
    );
    assertMatch(dry.printed, /^records {2}36 to train on, 8 to score on \(\w{16}\)$/m);
    assert(!isFolder(out), "a dry run has written something");
    const { status, printed, reported } = await runProgram(...args);
    assertEquals(status, 0, reported);
    for (const label of ["Teacher", "SFT", "KD"]) assertMatch(printed, new RegExp(`^\\| ${label} +\\|`, "m"));
    const files = [
      "model.safetensors",
      "config.json",
      "generation_config.json",
      "tokenizer.json",
      "tokenizer_config.json",
    ];
    for (const name of [...files, "README.md", ...RECORDS.map((name) => `results/distil/${name}`)]) {
      assert(isFile(`${out}/${name}`), name);
    }
    const loss = await curveOf(out, "kd", "loss");
    assert(loss.length === 3 && loss[2] < loss[0], `${loss}`);
    assert(await scoreOf(out, "kd", "perplexity") < await scoreOf(out, "sft", "perplexity"));
    assert(await scoreOf(out, "teacher", "perplexity") < await scoreOf(out, "kd", "perplexity"));

    const flags = ["--data", `${TEXTS}/test.jsonl`, "--bos", "--max-new-tokens", "26", "--json"];
    const evaluated = await runProgram("evaluate", out, ...flags);
    assertEquals(evaluated.status, 0, evaluated.reported);
    for (const { metric, value } of JSON.parse(evaluated.printed).scores) {
      assertAlmostEquals(value, await scoreOf(out, "kd", metric), 1e-6, metric);
    }
    const card = await Deno.readTextFile(`${out}/README.md`);
    for (const part of ["distilled from stories260K", "| KD ", "model.safetensors", "--method kd"]) {
      assert(card.includes(part), part);
    }
    assert(!card.includes(folder) && !card.includes(STORIES), "the card says where things were");

    const again = await runProgram(...args);
    assertEquals([again.status, again.printed], [0, printed]);
    const other = await runProgram(...distilArguments(student, "--method", "gkd", "--out", out));
    assertEquals(other.status, 2);
    assertMatch(other.reported, /holds a run with another method \(kd, now gkd\); name another --out, or delete it/);
  },
);

testInFolder("a run that is stopped in each of its trainings comes to the same bytes", async (folder) => {
  const student = await writeSmallStudent(`${folder}/small`);
  await assertResumes(folder, "gkd", (out) => distilArguments(student, "--method", "gkd", "--out", out));
});
