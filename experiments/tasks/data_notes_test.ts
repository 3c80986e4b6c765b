import { assertEquals, assertRejects } from "@std/assert";
import { EXPERIMENTS } from "#experiments/main.ts";
import { loadProfile, type Profile } from "#lib/bench/profile.ts";
import { schemaOf } from "#lib/bench/profile_schema.ts";
import { InputError } from "#lib/errors.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { readInstructionTexts } from "./instruction_texts.ts";
import { TASK_SPECIFIC, type TaskSpecificSettings } from "./task_settings.ts";
import { readTaskTexts } from "./task_texts.ts";

const smoke = await loadProfile("smoke", schemaOf(EXPERIMENTS));
const taskSpecific = TASK_SPECIFIC.of(smoke);
const dataWith = (changes: Partial<Profile["data"]>): Profile["data"] => ({ ...smoke.data, ...changes });
const taskWith = (samsum: Partial<TaskSpecificSettings["samsum"]>, changes = {}): TaskSpecificSettings => ({
  ...taskSpecific,
  ...changes,
  samsum: { ...taskSpecific.samsum, ...samsum },
});

interface Line {
  readonly instruction: string;
  readonly output: string | readonly string[];
}

async function write(folder: string, files: Readonly<Record<string, readonly Line[]>>) {
  for (const [name, lines] of Object.entries(files)) {
    await Deno.writeTextFile(`${folder}/${name}`, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  }
}

const repeated = (count: number, line: (i: number) => Line) => Array.from({ length: count }, (_, i) => line(i));
const plain = (i: number): Line => ({ instruction: `say a ${i % 10}`, output: "a b" });

testInFolder("nothing is noted of data that is read whole", async (folder) => {
  await write(folder, { "train.jsonl": repeated(20, plain), "test.jsonl": repeated(3, plain) });
  const { notes, long_responses } = (await readInstructionTexts(smoke.data, folder)).description;
  assertEquals([notes, long_responses], [undefined, { train: { truncated: 0 } }]);
});

testInFolder("responses over the limit are counted, and refused where all are", async (folder) => {
  const lines = repeated(20, (i) => ({ instruction: "say", output: i % 2 === 0 ? "a" : "a b c d e f g h i j" }));
  await write(folder, { "train.jsonl": lines, "dev.jsonl": lines, "test.jsonl": lines });
  const { train, description } = await readInstructionTexts(dataWith({ maxNewTokens: 4 }), folder);
  assertEquals(train.filter(({ response }) => response.length === 4).length, 10);
  assertEquals(description.long_responses, { train: { truncated: 10 } });
  assertEquals(description.notes, [
    "train: 10 of 20 responses are longer than 4 tokens (data.maxNewTokens) and cut: their ends are not learned.",
  ]);
  await assertRejects(
    () => readInstructionTexts(dataWith({ maxNewTokens: 1 }), folder),
    InputError,
    "train: all 20 responses are longer than 1 tokens, the shortest has 2 with its end; raise data.maxNewTokens",
  );
});

testInFolder("prompts over the limit are counted as left out or cut, and refused where all are", async (folder) => {
  const long = { instruction: "a b c d e f g h i j ".repeat(2), output: "a" };
  await write(folder, {
    "train.jsonl": [...repeated(9, () => long), plain(1)],
    "dev.jsonl": [plain(1)],
    "test.jsonl": [long, plain(1)],
  });
  const limit = { maxPromptTokens: 12 } as const;
  assertEquals((await readInstructionTexts(dataWith(limit), folder)).description.notes, [
    "train: 9 of 10 prompts are longer than 12 tokens (data.maxPromptTokens) and left out.",
    "test: 1 of 2 prompts are longer than 12 tokens (data.maxPromptTokens) and left out.",
  ]);
  const cut = await readInstructionTexts(dataWith({ ...limit, longPrompts: "truncate" }), folder);
  assertEquals(
    (cut.description.notes as string[])[1],
    "test: 1 of 2 prompts are longer than 12 tokens (data.maxPromptTokens) and cut.",
  );
  await assertRejects(
    () => readInstructionTexts(dataWith({ maxPromptTokens: 2 }), folder),
    InputError,
    "train: none of the 10 prompts has at most 2 tokens, the shortest has",
  );
});

testInFolder(
  "references that ROUGE-L sees no word in, and letters that training lacks, are counted",
  async (folder) => {
    await write(folder, {
      "train.jsonl": repeated(20, plain),
      "vicuna.jsonl": [plain(1), { instruction: "say a", output: ["红色的猫", "the cat", "кот"] }],
      "unni.jsonl": [{ instruction: "say ж", output: "…" }, plain(2)],
    });
    assertEquals((await readInstructionTexts(smoke.data, folder)).description.notes, [
      "unni: 1 of 2 prompts have letters that the training texts lack: models see <unk> there.",
      "vicuna: 2 of 4 references have no word that ROUGE-L sees: they score 0.0 always.",
      "unni: 1 of 2 references have no word that ROUGE-L sees: they score 0.0 always.",
    ]);
  },
);

testInFolder("a task's limits are counted, and named where nothing is left", async (folder) => {
  const rows = (count: number, dialogue: string, summary: string) => `${dialogue},${summary}\n`.repeat(count);
  const header = "dialogue,summary\n";
  await Deno.writeTextFile(
    `${folder}/train.csv`,
    `${header}${rows(5, "a b", "a")}${rows(3, "a b c d e f g h", "a")}${rows(2, "a", "a b c d e f")}`,
  );
  await Deno.writeTextFile(`${folder}/validation.csv`, `${header}${rows(2, "a b", "a")}`);
  await Deno.writeTextFile(`${folder}/test.csv`, `${header}${rows(2, "a b", "a")}${rows(1, "a b", "猫")}`);
  const limits = { maxSourceTokens: 5, maxTargetTokens: 4 };
  const notesOf = async (settings: TaskSpecificSettings) =>
    (await readTaskTexts("samsum", settings, folder)).description.notes;
  assertEquals(await notesOf(taskWith(limits, { longSources: "drop" })), [
    "samsum, train: 3 of 10 sources are longer than 5 tokens (taskSpecific.samsum.maxSourceTokens) and left out.",
    "samsum, train: 2 of 10 targets are longer than 4 tokens (taskSpecific.samsum.maxTargetTokens) and left out.",
    "samsum, test: 1 of 3 references have no word that ROUGE-L sees: they score 0.0 always.",
  ]);
  assertEquals((await notesOf(taskWith(limits, { trainRecords: 5, itemsPerSet: 2 }))) as string[], [
    "samsum, train: the first 5 of 10 records are used (taskSpecific.trainRecords).",
    "samsum, test: the first 2 of 3 records are used (taskSpecific.itemsPerSet).",
  ]);
  await assertRejects(
    () => notesOf(taskWith({ maxSourceTokens: 3, maxTargetTokens: 1 } as never, { longSources: "drop" })),
    InputError,
    "samsum, train: none of the 7 records whose source fits has a target of at most 1 tokens; raise taskSpecific.samsum",
  );
});
