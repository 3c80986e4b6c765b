import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { ScoreRow } from "#lib/results/scores_csv.ts";
import { mean } from "#lib/statistics/statistics.ts";
import { describeDataSets } from "./display_names.ts";
import { buildTable } from "./table.ts";
import { printMetric } from "#lib/metrics/metric_display.ts";
import { DISPLAY } from "./test_display.ts";

/** Scores of a method on a data set, one per seed from 10 in steps of 10. */
function scores(method: string, dataset: string, values: readonly number[], metric = "rouge_l"): ScoreRow[] {
  return values.map((value, i) => ({
    experiment: "instruction_following",
    method,
    dataset,
    metric,
    seed: 10 * (i + 1),
    value,
    count: 200,
  }));
}

const caption = "Caption";
const build = (rows: readonly ScoreRow[]) => buildTable(rows, { caption, display: DISPLAY });
const percent = (fraction: number) => printMetric("rouge_l", fraction);
const cellOf = (rows: readonly ScoreRow[], method: string, column: string) => {
  const table = build(rows);
  const index = table.columns.findIndex(({ name }) => name === column);
  return table.rows.find((row) => row.method === method)!.cells[index];
};

Deno.test("rows and columns stand in the order of the papers, unknown ones after", () => {
  const methods = ["zeta", "Beta", "ammd_sft", "ammd", "ammd_on", "ammd_off", "distillm", "gkd", "minillm", "imitkd"];
  methods.push("seqkd", "kd", "sft_continued", "sft", "teacher");
  const datasets = ["other", "unni", "sni", "vicuna", "self_instruct", "dolly"];
  const table = build(methods.flatMap((method) => datasets.flatMap((dataset) => scores(method, dataset, [0.5]))));
  const known = ["teacher", "sft", "sft_continued", "kd", "seqkd", "imitkd", "minillm", "gkd", "distillm", "ammd_off"];
  assertEquals(table.rows.map(({ method }) => method), [...known, "ammd_on", "ammd", "ammd_sft", "Beta", "zeta"]);
  assertEquals(table.columns.map(({ label }) => label), [
    "Dolly",
    "SelfInst",
    "Vicuna",
    "S-NI",
    "UnNI",
    "other",
    "Average",
  ]);
  assertEquals(table.rows.slice(0, 3).map(({ label }) => label), ["Teacher", "SFT", "SFT continued"]);
});

Deno.test("a cell is the mean and the sample standard deviation over the seeds", () => {
  const cell = cellOf(scores("sft", "dolly", [0.3, 0.32, 0.37]), "sft", "dolly")!;
  assertAlmostEquals(cell.mean, 0.33, 1e-15);
  assertAlmostEquals(cell.sd!, Math.sqrt((0.03 ** 2 + 0.01 ** 2 + 0.04 ** 2) / 2), 1e-15);
  assertEquals(cell.seeds, [10, 20, 30]);
});

Deno.test("one seed has no standard deviation", () => {
  assertEquals(cellOf(scores("sft", "dolly", [0.3]), "sft", "dolly")!.sd, undefined);
});

Deno.test("the average is taken per seed before mean and deviation", () => {
  // The sets move against each other: each varies, their average does not.
  const rows = [...scores("sft", "dolly", [0.25, 0.5]), ...scores("sft", "vicuna", [0.5, 0.25])];
  const cell = cellOf(rows, "sft", "average")!;
  assertEquals([cell.mean, cell.sd], [0.375, 0]);
});

Deno.test("the average counts only seeds with a score in every set, and is missing without one", () => {
  const rows = [
    ...scores("sft", "dolly", [0.2, 0.4]),
    ...scores("sft", "vicuna", [0.3]),
    ...scores("kd", "dolly", [0.2]),
  ];
  assertEquals(cellOf(rows, "sft", "average")!.seeds, [10]);
  assertEquals(cellOf(rows, "sft", "average")!.mean, 0.25);
  assertEquals(cellOf(rows, "kd", "average"), undefined);
  assertEquals(cellOf(rows, "kd", "vicuna"), undefined);
});

Deno.test("one data set has no average", () => {
  assertEquals(build(scores("sft", "dolly", [0.2])).columns.map(({ name }) => name), ["dolly"]);
});

Deno.test("the best is the highest as printed, the teacher aside, and equals share it", () => {
  const rows = [
    ...scores("sft", "dolly", [0.3]),
    ...scores("kd", "dolly", [0.4003]),
    ...scores("ammd", "dolly", [0.4001]),
  ];
  for (const teacher of [0.6, 0.4, 0.2]) {
    const table = build([...scores("teacher", "dolly", [teacher]), ...rows]);
    assertEquals(table.rows.map(({ cells }) => cells[0]!.best), [false, false, true, true]);
  }
});

Deno.test("what was planned and has no score is missing", () => {
  const table = buildTable(scores("sft", "dolly", [0.3]), {
    caption,
    methods: ["sft", "ammd"],
    columns: ["dolly", "vicuna"].map((dataset) => ({ dataset, metric: "rouge_l" })),
  });
  assertEquals(table.rows.map(({ method }) => method), ["sft", "ammd"]);
  assertEquals(table.columns.map(({ name }) => name), ["dolly", "vicuna"]);
  assertEquals(table.rows[0].cells.map((cell) => cell !== undefined), [true, false]);
  assertEquals(table.rows[1].cells, [undefined, undefined]);
});

Deno.test("several metrics have columns of their own", () => {
  describeDataSets({ samsum: { label: "SAMSum", summary: "" }, iwslt: { label: "IWSLT", summary: "" } });
  const rows = [
    ...scores("sft", "samsum", [0.3], "rouge_l"),
    ...scores("sft", "iwslt", [0.2], "bleu"),
    ...scores("sft", "samsum", [0.1], "exact_match"),
  ];
  const { columns } = build(rows);
  assertEquals(columns.map(({ name }) => name), ["samsum rouge_l", "iwslt bleu", "samsum exact_match"]);
  assertEquals(columns.map(({ label }) => label), ["SAMSum ROUGE-L", "IWSLT BLEU", "SAMSum exact match"]);
});

Deno.test("rows can have labels of their own and an order of their own", () => {
  const rows = ["beta_1", "ammd", "beta_0.25"].flatMap((method) => scores(method, "dolly", [0.3]));
  const display = { ...DISPLAY, "beta_0.25": { label: "β = 0.25" } };
  const table = buildTable(rows, { caption, methods: ["beta_0.25", "beta_1"], display });
  assertEquals(table.rows.map(({ label }) => label), ["β = 0.25", "beta_1", "AMMD"]);
});

Deno.test("columns can be chosen, of several metrics, with labels, and averages over sets that have none", () => {
  const rows = [
    ...scores("sft", "dolly", [0.2, 0.3]),
    ...scores("sft", "vicuna", [0.4, 0.7]),
    ...scores("sft", "held_out", [7, 9], "response_tokens"),
    ...scores("sft", "held_out", [0.1, 0.2], "forward_kl_on"),
  ];
  const table = buildTable(rows, {
    caption,
    columns: [
      { dataset: "average", metric: "rouge_l" },
      { dataset: "held_out", metric: "response_tokens", label: "Length" },
      { dataset: "dolly", metric: "rouge_l" },
      { dataset: "held_out", metric: "entropy" },
    ],
  });
  assertEquals(table.columns.map(({ label }) => label), [
    ...["Average ROUGE-L", "Length", "Dolly ROUGE-L", "held_out entropy"],
  ]);
  assertEquals(table.columns.map(({ name }) => name), [
    ...["average rouge_l", "held_out response_tokens", "dolly rouge_l", "held_out entropy"],
  ]);
  const [cells] = table.rows.map((row) => row.cells);
  assertEquals(cells.map((cell) => cell?.mean), [mean([mean([0.2, 0.4]), mean([0.3, 0.7])]), 8, 0.25, undefined]);
  assertEquals(table.legend, [
    "Values: ROUGE-L in percent; response length in tokens; entropy in nats; mean ± sample standard deviation over 2 seeds (10, 20).",
    "Items per seed: 200 in each column.",
    "Average: over Dolly, Vicuna for each seed first, then over the seeds.",
    "Bold: highest mean of the column, the teacher aside.",
    "missing: there is no score.",
  ]);
});

Deno.test("chosen columns of one data set are named by their metrics, of one metric by their data sets", () => {
  const labelsOf = (...columns: { dataset: string; metric: string }[]) =>
    buildTable([], { caption, columns }).columns.map(({ label }) => label);
  const kl = { dataset: "held_out", metric: "forward_kl_on" };
  assertEquals(labelsOf(kl, { ...kl, metric: "entropy_on" }), [
    ...["forward KL (student texts)", "entropy (student texts)"],
  ]);
  assertEquals(labelsOf({ ...kl, dataset: "dolly" }, { ...kl, dataset: "sni" }), ["Dolly", "S-NI"]);
});

Deno.test("the legend names seeds, items, baseline and marks", () => {
  const rows = [
    ...scores("sft", "dolly", [0.3, 0.32]),
    ...scores("ammd", "dolly", [0.4, 0.42]),
    ...scores("ammd", "vicuna", [0.4]).map((row) => ({ ...row, count: 80 })),
    ...scores("sft", "vicuna", [0.4]).map((row) => ({ ...row, count: 79 })),
    ...scores("kd", "dolly", [0.4, 0.42]),
  ];
  assertEquals(build(rows).legend, [
    "Values: ROUGE-L in percent; mean ± sample standard deviation over 2 seeds (10, 20), or over the n seeds that a cell names.",
    "Items per seed: Dolly 200, Vicuna 79 to 80.",
    "Average: over the data sets for each seed first, then over the seeds.",
    "Bold: highest mean of the column, the teacher aside.",
    "missing: there is no score.",
  ]);
});

Deno.test("the legend of one seed and one method claims no spread and no test", () => {
  assertEquals(build(scores("sft", "dolly", [0.3])).legend, [
    "Values: ROUGE-L in percent; one seed (10), so no spread.",
    "Items per seed: Dolly 200.",
    "Bold: highest mean of the column, the teacher aside.",
  ]);
});

Deno.test("two scores of the same key are refused", () => {
  const rows = scores("sft", "dolly", [0.3]);
  assertThrows(() => build([...rows, ...rows]), RangeError, "two scores for sft dolly rouge_l 10");
});

const anyScores = fc.uniqueArray(
  fc.record({
    method: fc.constantFrom("teacher", "sft", "kd", "ammd"),
    dataset: fc.constantFrom("dolly", "vicuna", "sni"),
    seed: fc.constantFrom(10, 20, 30),
    value: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  { selector: ({ method, dataset, seed }) => `${method} ${dataset} ${seed}`, maxLength: 36 },
).map((rows) => rows.map((row): ScoreRow => ({ ...row, experiment: "e", metric: "rouge_l", count: 9 })));

Deno.test("the order of the scores does not change the table", () => {
  fc.assert(fc.property(anyScores, (rows) => assertEquals(build(rows.toReversed()), build(rows))));
});

Deno.test("every column with a student's score has a best cell, and no printed mean of a student is above it", () => {
  fc.assert(fc.property(anyScores, (rows) => {
    const table = build(rows);
    const students = table.rows.filter(({ method }) => method !== "teacher");
    for (const index of table.columns.keys()) {
      const cells = students.flatMap(({ cells }) => cells[index] ?? []);
      if (cells.length === 0) continue;
      const best = cells.filter((cell) => cell.best).map((cell) => Number(percent(cell.mean)));
      assertEquals([...new Set(best)], [Math.max(...cells.map((cell) => Number(percent(cell.mean))))]);
    }
  }));
});

Deno.test("with all scores present the average column is the mean of the others", () => {
  const value = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(fc.property(fc.array(fc.tuple(value, value, value), { minLength: 1, maxLength: 4 }), (seeds) => {
    const rows = ["dolly", "vicuna", "sni"].flatMap((set, i) => scores("sft", set, seeds.map((values) => values[i])));
    const [cells] = build(rows).rows.map((row) => row.cells.map((cell) => cell!.mean));
    assertAlmostEquals(cells.at(-1)!, mean(cells.slice(0, -1)), 1e-12);
  }));
});
