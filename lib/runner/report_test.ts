import { assertEquals } from "@std/assert";
import { buildTable } from "#lib/reporting/table.ts";
import { NO_PROVENANCE } from "#lib/results/provenance.ts";
import { reportOf } from "./report.ts";
import { PLAIN } from "./test_experiment.ts";

Deno.test("what a run did not see of its data stands below every table", () => {
  const table = buildTable([], { caption: "Scores" });
  const experiment = { ...PLAIN, report: () => ({ tables: { table, judge: table }, figures: {} }) };
  const legendOf = (data: Readonly<Record<string, unknown>>) => {
    const folder = {
      scores: [],
      items: [],
      curves: [],
      judged: [],
      cellAddresses: () => [],
      provenance: { ...NO_PROVENANCE, data },
    };
    return Object.values(reportOf(experiment, folder, "smoke").tables).map(({ legend }) => legend);
  };
  const told = [...table.legend, "Data: test: 2 of 3 prompts are cut.", "Data: samsum, test: so are these."];
  const data = { a: { notes: ["test: 2 of 3 prompts are cut."] }, b: { notes: ["samsum, test: so are these."] } };
  assertEquals(legendOf(data), [told, told]);
  // Recorded by an earlier version, or edited by hand.
  assertEquals(legendOf({ a: { source: "x" }, b: null, c: { notes: "none" } }), [table.legend, table.legend]);
});
