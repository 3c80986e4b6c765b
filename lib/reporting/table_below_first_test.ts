import { assert, assertEquals } from "@std/assert";
import type { ScoreRow } from "#lib/results/scores_csv.ts";
import { buildTable } from "./table.ts";
import { formatTable } from "./table_formats.ts";
import type { ScoreTable } from "./table_model.ts";
import { cellOf, legendHas, OPTIONS, SEEDS } from "./test_table.ts";
import { DISPLAY } from "./test_display.ts";

const score = (method: string, dataset: string, value: number, metric = "rouge_l"): ScoreRow => (
  { experiment: "e", method, dataset, metric, seed: 10, value, count: 40 }
);
const below = (table: ScoreTable, column: string) =>
  table.rows.filter(({ method }) => cellOf(table, method, column)?.belowFirst).map(({ method }) => method);

const ROWS = [["teacher", 0.2], ["sft", 0.3], ["kd", 0.2996], ["gkd", 0.299], ["ammd", 0.31]] as const;
const table = buildTable([
  ...ROWS.map(([method, value]) => score(method, "dolly", value)),
  ...ROWS.map(([method, value]) => score(method, "vicuna", 1 - value)),
], { caption: "C", display: DISPLAY });

Deno.test("students whose printed mean is below SFT's in the column are marked, the teacher and equals are not", () => {
  // 0.2996 is printed as 30.0, as 0.3 is.
  assertEquals(below(table, "dolly"), ["gkd"]);
  assertEquals(below(table, "vicuna"), ["ammd"]);
  assert(table.legend.includes("↓: mean below that of SFT, not tested."));
});

Deno.test("without SFT, without a lower mean, and where higher is not better, nothing is marked or told", () => {
  const untold = [
    [score("kd", "dolly", 0.3), score("gkd", "dolly", 0.1)],
    [score("sft", "dolly", 0.3), score("gkd", "dolly", 0.4)],
    [score("sft", "held_out", 0.3, "d_on"), score("kd", "held_out", 0.2, "d_on")],
    [score("sft", "held_out", 0.3, "entropy_on"), score("kd", "held_out", 0.2, "entropy_on")],
  ];
  for (const scores of untold) {
    const table = buildTable(scores, { caption: "C" });
    assertEquals(table.rows.flatMap(({ cells }) => cells).filter((cell) => cell?.belowFirst), []);
    assert(!legendHas(table, "↓"));
  }
});

Deno.test("the mark stands behind those of the tests in every format", () => {
  const methods = [["sft", 0.3], ["sft_continued", 0.4], ["kd", 0.1]] as const;
  const scores = methods.flatMap(([method, value]) =>
    SEEDS.map((seed, i) => ({ ...score(method, "dolly", value + (method === "kd" ? 0.001 : 0) * i), seed }))
  );
  const items = scores.map(({ value, count, ...key }) => ({ ...key, values: Array(count).fill(value) }));
  const tested = buildTable(scores, { ...OPTIONS, items, display: DISPLAY });
  assert(formatTable(tested, "md").includes("10.1 ± 0.1†↓ |"));
  assert(formatTable(tested, "csv").includes("kd,3,10.1 ± 0.1†↓\n"));
  assert(formatTable(tested, "html").includes("<td>10.1 ± 0.1<sup>†↓</sup></td>"));
  assert(formatTable(tested, "latex").includes("KD & 10.1 & 0.1\\textsuperscript{$\\dagger$$\\downarrow$} \\\\"));
  assert(formatTable(tested, "latex").includes("$\\downarrow$: mean below that of SFT, not tested.\\par"));
});
