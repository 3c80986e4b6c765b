import { assertEquals } from "@std/assert";
import { formatDifferences } from "./differences_csv.ts";
import type { ScoreTable, TableCell, TestedDifference } from "./table_model.ts";

const HEADER = "column,method,reference,difference,low,high,p,corrected_p\n";
// Of one degree of freedom t is 12.706: an interval of ± 0.1271.
const test = (reference: string, difference: number): TestedDifference => ({
  reference,
  difference,
  components: { seeds: { value: 1e-4, degreesOfFreedom: 1 } },
  p: 1 / 3000,
  correctedP: 1 / 1500,
});
const cell = (againstBaseline?: TestedDifference, againstBest?: TestedDifference): TableCell => ({
  ...{ mean: 0.5, sd: 0.1, seeds: [1, 2], best: false, belowFirst: false },
  againstBaseline,
  againstBest,
});
const column = (name: string) => ({ name, label: name, metric: "rouge_l", items: [9, 9] as const });
const row = (method: string, ...cells: (TableCell | undefined)[]) => ({ method, label: method, cells });
const table = (columns: string[], rows: ScoreTable["rows"]): ScoreTable => ({
  ...{ caption: "", seeds: [1, 2], published: [], legend: [] },
  columns: columns.map(column),
  rows,
});

Deno.test("every tested difference is a row, column by column", () => {
  const text = formatDifferences(table(["dolly", "sni"], [
    row("sft", cell(undefined, test("kd", -0.25)), cell()),
    row("kd", cell(test("sft", 0.25)), undefined),
    row("gkd", cell(test("sft", 0.2), test("kd", -0.05)), cell(test("sft", 0))),
  ]));
  assertEquals(
    text,
    HEADER +
      "dolly,sft,kd,-0.25,-0.3771,-0.1229,0.0003333,0.0006667\n" +
      "dolly,kd,sft,0.25,0.1229,0.3771,0.0003333,0.0006667\n" +
      "dolly,gkd,sft,0.2,0.07294,0.3271,0.0003333,0.0006667\n" +
      "dolly,gkd,kd,-0.05,-0.1771,0.07706,0.0003333,0.0006667\n" +
      "sni,gkd,sft,0,-0.1271,0.1271,0.0003333,0.0006667\n",
  );
});

Deno.test("a difference is told once where the baseline is the best, and none where none was tested", () => {
  const both = test("sft", -0.2);
  assertEquals(formatDifferences(table(["dolly"], [row("kd", cell(both, both))])).split("\n").length, 3);
  assertEquals(formatDifferences(table(["dolly"], [row("kd", cell()), row("sft", undefined)])), HEADER);
});
