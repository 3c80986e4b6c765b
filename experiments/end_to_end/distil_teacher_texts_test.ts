import { assert, assertEquals, assertMatch } from "@std/assert";
import { writeLines } from "#lib/cli/test_stories.ts";
import { isFolder } from "#lib/data/folder_names.ts";
import { digestOf } from "#lib/results/digest.ts";
import { assertResumes, STORIES, studentArguments, TEXTS, writeSmallStudent } from "./test_distillation.ts";
import { runProgram, testInFolder } from "./test_run.ts";

/** Prompts of the data that the teacher has answered, and of others. */
const ANSWERED = 30;
const OTHERS = ["Sam saw a ship.", "Sam saw a moon."];

/** A file of what stories260K writes on some of the data's prompts, as a person has it written. */
async function writeTeacherTexts(folder: string): Promise<string> {
  const [train, test] = await Promise.all(["train", "test"].map((name) => Deno.readTextFile(`${TEXTS}/${name}.jsonl`)));
  const promptsOf = (text: string) => text.trimEnd().split("\n").map((line) => JSON.parse(line).prompt as string);
  const prompts = [...promptsOf(train).slice(0, ANSWERED), promptsOf(test)[0], ...OTHERS];
  await Deno.writeTextFile(`${folder}/prompts.txt`, `${prompts.join("\n")}\n`);
  const path = `${folder}/texts.jsonl`;
  const { status, reported } = await runProgram(
    ...["generate", STORIES, "--prompts", `${folder}/prompts.txt`, "--out", path],
    ...["--temperature", "1", "--max-new-tokens", "24", "--seed", "7"],
  );
  assertEquals(status, 0, reported);
  return path;
}

testInFolder("a student learns from a file of texts that generate wrote, without the teacher", async (folder) => {
  const [student, texts, out] = [
    await writeSmallStudent(`${folder}/small`),
    await writeTeacherTexts(folder),
    `${folder}/out`,
  ];
  // SeqKD is what is done with texts by default.
  const args = ["distil", "--teacher-texts", texts, ...studentArguments(student, "--out", out)];
  const dry = await runProgram(...args, "--dry-run");
  assertEquals(dry.status, 0, dry.reported);
  for (
    const line of [
      /^teacher {2}the texts in texts\.jsonl: 30 on training prompts \(\w{16}\)$/m,
      /^method {3}SeqKD \(seqkd\)/m,
      /^rows {5}sft, seqkd; seeds 10$/m,
      /^note {5}teacher texts: 1 of 33 are on held-out prompts and not learned from\.$/m,
      /^note {5}teacher texts: 2 of 33 are on prompts that are not in the data and are left out\.$/m,
      /^note {5}train: 6 of 36 prompts have no text of the teacher\.$/m,
    ]
  ) assertMatch(dry.printed, line);
  assert(!/teacher: (weights|logits)/.test(dry.printed), "the plan has memory for a teacher");
  assert(!isFolder(out), "a dry run has written something");

  const { status, printed, reported } = await runProgram(...args);
  assertEquals(status, 0, reported);
  for (const label of ["SFT", "SeqKD"]) assertMatch(printed, new RegExp(`^\\| ${label} +\\|`, "m"));
  assert(!/^\| Teacher/m.test(printed), "a teacher has a row of which only texts are known");
  const scores = await Deno.readTextFile(`${out}/results/distil/scores.csv`);
  assert(!scores.includes("teacher_perplexity") && scores.includes("distinct_2"), scores);
  // One of the scored prompts has a text of the teacher.
  assertMatch(scores, /^distil,seqkd,test,teacher_rouge_l,10,[\d.]+,1,/m);
  const provenance = JSON.parse(await Deno.readTextFile(`${out}/results/distil/provenance.json`));
  const [described] = findAll(provenance, "teacher_texts");
  const { file, file_digest, prompts, training_prompts } = described as Record<string, unknown>;
  assertEquals({ file, file_digest, texts: (described as { texts: number }).texts, prompts, training_prompts }, {
    ...{ file: "texts.jsonl", file_digest: digestOf(await Deno.readFile(texts)) },
    ...{ texts: 30, prompts: 30, training_prompts: 36 },
  });
  const card = await Deno.readTextFile(`${out}/README.md`);
  for (
    const part of ["# small distilled from the texts in texts.jsonl", "| teacher | the texts in texts.jsonl: 30 on"]
  ) {
    assert(card.includes(part), `${part}: ${card}`);
  }
  assert(!card.includes(folder), "the card says where things were");

  // Its texts may be the data, too: those on prompts that are held out are not learned.
  const both = ["--data", texts, "--out", `${folder}/both`, "--dry-run"];
  const alone = await runProgram("distil", "--teacher-texts", texts, "--student", student, "--bos", ...both);
  assertMatch(alone.printed, /^records {2}32 to train on, 1 to score on /m, alone.reported);
  assertMatch(alone.printed, /^note {5}teacher texts: 1 of 33 are on held-out prompts and not learned from\.$/m);

  // Other texts of the teacher are another run.
  await writeLines(`${folder}/other.jsonl`, [{ prompt: "Max had a little bird.", response: " It sang." }]);
  const others = args.map((word) => (word === texts ? `${folder}/other.jsonl` : word));
  const other = await runProgram(...others);
  assertEquals(other.status, 2);
  assertMatch(other.reported, /holds a run with another teacher \(texts \w+, now texts \w+\); name another --out/);
});

/** The values under a name, anywhere in a value. */
function findAll(value: unknown, name: string): unknown[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => key === name ? [inner] : findAll(inner, name));
}

testInFolder(
  "PbKD on a file of texts that is stopped in each of its trainings comes to the same bytes",
  async (folder) => {
    const [student, texts] = [await writeSmallStudent(`${folder}/small`), await writeTeacherTexts(folder)];
    await assertResumes(folder, "pbkd_offline", (out) => [
      ...["distil", "--teacher-texts", texts, "--method", "pbkd_offline", "--set", "preferences.pairs=16"],
      ...studentArguments(student, "--out", out),
    ]);
    const pairs = await Deno.readTextFile(`${folder}/whole/results/distil/pairs.jsonl`);
    assertEquals(pairs.trimEnd().split("\n").length, 16);
  },
);
