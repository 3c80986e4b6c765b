import { assertEquals, assertStringIncludes } from "@std/assert";
import { buildTable } from "#lib/reporting/table.ts";
import { reportFiles } from "./report_files.ts";

const scores = [10, 20].flatMap((seed) =>
  ["sft", "beta_1"].map((method) => (
    { experiment: "x", method, dataset: "dolly", metric: "rouge_l", seed, value: 0.5, count: 2 }
  ))
);
const items = scores.map(({ count: _, ...row }) => ({ ...row, values: [0.4, 0.6] }));
const table = buildTable(scores, { caption: "C", items, display: { beta_1: { label: "β = 1" } } });
const sample = { method: "beta_1", seed: 10, dataset: "dolly", instruction: "Go.", input: "", reference: "r" };

Deno.test("a report is a table in three formats with what was tested, and samples under the table's labels", async () => {
  const report = { tables: { table, other: table }, figures: {} };
  const files = await reportFiles(report, [{ ...sample, response: "yes" }]);
  assertEquals(Object.keys(files).sort(), [
    ...["differences.csv", "other.csv", "other.md", "other.tex", "other_differences.csv"],
    ...["samples.md", "table.csv", "table.md", "table.tex"],
  ]);
  assertStringIncludes(files["table.tex"], "\\toprule");
  assertStringIncludes(files["samples.md"], "\nβ = 1      yes\n");
});

Deno.test("without samples there is no file of them, and without a main table they have their names", async () => {
  assertEquals(Object.hasOwn(await reportFiles({ tables: { table }, figures: {} }), "samples.md"), false);
  const files = await reportFiles({ tables: {}, figures: {} }, [{ ...sample, method: "kd", response: "yes" }]);
  assertEquals(Object.keys(files), ["samples.md"]);
  assertStringIncludes(files["samples.md"], "\nkd         yes\n");
});
