import { assertEquals } from "@std/assert";
import type { RecordedResults, RecordedSettings } from "#lib/bench/experiment.ts";
import { combinationFactor } from "#experiments/tables/combination_factor.ts";
import { instructionFollowing } from "#experiments/tables/instruction_following.ts";
import { taskSpecific } from "#experiments/tables/task_specific.ts";
import { formatTable } from "#lib/reporting/table_formats.ts";

const optimizer = { batchSize: 8, finalLearningRateFraction: 0.1 };
const distillation = { textsPerStep: 16, steps: 150, learningRate: 2e-3, warmupSteps: 10, teacherTexts: 3200 };
const row = (method: string, changes: object = {}, own: object = {}): RecordedSettings => (
  { method, settings: { optimizer, distillation: { ...distillation, ...changes }, ...own } }
);
const results = (settings: readonly RecordedSettings[], dataset = "dolly", metric = "rouge_l"): RecordedResults => ({
  profile: "tiny",
  display: { teacher: { label: "Teacher" }, sft: { label: "SFT" }, ammd: { label: "AMMD" } },
  scores: settings.map(({ method }, seed) => ({
    experiment: "e",
    method,
    dataset,
    metric,
    seed,
    value: 0.5,
    count: 9,
  })),
  items: [],
  curves: [],
  settings,
});
/** The lines before those that every table has, without what a held-out table says of its columns. */
const told = (legend: readonly string[]) =>
  legend.slice(0, legend.findIndex((line) => line.startsWith("Values:"))).filter((line) => !line.startsWith("off:"));
const toldOf = (...settings: RecordedSettings[]) =>
  told(instructionFollowing.report(results(settings)).tables.table.legend);
const COMMON =
  "from the SFT student with AdamW, 150 steps of 16 texts, peak rate 2e-3, warm-up 10 steps, cosine to 0.1 of it.";
const SPLIT = "A row that reads texts of several sources splits its texts of a step among them.";

Deno.test("a table says what all rows have in common, and whose critics read more", () => {
  const first = [{ method: "sft", settings: { optimizer } }, { method: "teacher", settings: { optimizer } }];
  assertEquals(toldOf(...first, row("sft_continued"), row("ammd", {}, { ammd: { beta: 0.5, criticSteps: 1 } })), [
    `Every row but Teacher and SFT: ${COMMON}`,
    SPLIT,
    "Critics that learn (AMMD) read as many texts again for each of their steps.",
  ]);
  const learned = ["ammd", "ammd_on", "ammd_off", "ammd_sft", "kd"].map((name) =>
    row(name, {}, { a: { criticSteps: 2 } })
  );
  assertEquals(toldOf(...learned), [
    `Every row: ${COMMON}`,
    SPLIT,
    "Critics that learn read as many texts again for each of their steps.",
  ]);
});

Deno.test("rows with another recipe are named with what differs, and a row with two is said to have them", () => {
  const changes = { learningRate: 5e-4 };
  const rows = [row("sft_continued"), row("kd"), row("ammd"), row("ammd", changes), row("gkd", changes)];
  assertEquals(toldOf(...rows, row("abkd", { textsPerStep: 32, steps: 1 })), [
    `Every row: ${COMMON}`,
    "Otherwise, peak rate 5e-4: gkd, AMMD (some of its cells).",
    "Otherwise, 1 step of 32 texts: abkd.",
    SPLIT,
  ]);
});

Deno.test("texts a step are the optimizer's batch where they are not set, and rows that are not in the table are not told of", () => {
  assertEquals(
    toldOf(row("kd"), row("gkd"), row("ammd", { textsPerStep: undefined }))[1],
    "Otherwise, 150 steps of 8 texts: AMMD.",
  );
  const recorded = results([row("sft_continued")]);
  const settings = [...recorded.settings, row("elsewhere", { steps: 3 })];
  const { table } = combinationFactor.report({ ...recorded, settings }).tables;
  assertEquals(told(table.legend), [`Every row: ${COMMON}`, SPLIT]);
});

Deno.test("of the tasks every recipe stands in one line, sizes of students together, in every format", () => {
  const rows = ["samsum/base", "samsum/large", "iwslt/base", "strategyqa/base"].map((task) => ({
    ...row("kd", task.startsWith("strategyqa") ? { steps: 100, learningRate: 8e-4 } : {}),
    task,
  }));
  const { tables } = taskSpecific.report(results(rows, "samsum/base"));
  const line = "Every row: from the SFT student with AdamW, SAMSum and IWSLT 150 steps of 16 texts, peak rate 2e-3, " +
    "warm-up 10 steps, cosine to 0.1 of it; StrategyQA 100 steps of 16 texts, peak rate 8e-4, warm-up 10 steps, " +
    "cosine to 0.1 of it.";
  for (const table of Object.values(tables)) assertEquals(told(table.legend), [line, SPLIT]);
  const lines = (format: "md" | "latex") => formatTable(tables.table, format).split("\n");
  assertEquals(lines("md").includes(`- ${line}`), true);
  assertEquals(lines("latex").includes(`    ${line}\\par`), true);
  const slower = { ...row("gkd", { learningRate: 1e-3 }), task: "samsum/small" };
  const [, otherwise] = told(taskSpecific.report(results([...rows, slower], "samsum/base")).tables.table.legend);
  assertEquals(otherwise, "Otherwise, SAMSum, peak rate 1e-3: gkd.");
});
