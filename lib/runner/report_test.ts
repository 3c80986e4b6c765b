import { assertEquals } from "@std/assert";
import { buildTable } from "#lib/reporting/table.ts";
import { type CellRecord, NO_PROVENANCE, type Provenance } from "#lib/results/provenance.ts";
import { reportOf } from "./report.ts";
import { PLAIN } from "./test_experiment.ts";

const TABLE = buildTable([], { caption: "Scores" });

/** The legends of two tables of what has such a provenance. */
function legendsOf(provenance: Partial<Provenance>): (readonly string[])[] {
  const experiment = { ...PLAIN, report: () => ({ tables: { table: TABLE, judge: TABLE }, figures: {} }) };
  const folder = {
    scores: [],
    items: [],
    curves: [],
    judged: [],
    cellAddresses: () => [],
    provenance: { ...NO_PROVENANCE, ...provenance },
  };
  return Object.values(reportOf(experiment, folder, "smoke").tables).map(({ legend }) => legend);
}

Deno.test("what a run did not see of its data stands below every table", () => {
  const told = [...TABLE.legend, "Data: test: 2 of 3 prompts are cut.", "Data: samsum, test: so are these."];
  const data = { a: { notes: ["test: 2 of 3 prompts are cut."] }, b: { notes: ["samsum, test: so are these."] } };
  assertEquals(legendsOf({ data }), [told, told]);
  // Recorded by an earlier version, or edited by hand.
  assertEquals(legendsOf({ data: { a: { source: "x" }, b: null, c: { notes: "none" } } }), [
    TABLE.legend,
    TABLE.legend,
  ]);
});

Deno.test("cells of another adapter than most are named below every table", () => {
  const environments = { a: { adapter: "A100", deno: "2" }, b: { adapter: "H100", deno: "2" } };
  const cells = (of: Readonly<Record<string, string>>) =>
    Object.fromEntries(
      Object.entries(of).map(([address, environment]) => [address, { environment } as unknown as CellRecord]),
    );
  const [legend] = legendsOf({ environments, cells: cells({ "sft/1": "a", "kd/1": "a", "kd/2": "b" }) });
  assertEquals(legend.at(-1), "Computed on several adapters, whose digits differ: most on A100; kd/2 on H100.");
  assertEquals(legendsOf({ environments, cells: cells({ "sft/1": "a", "kd/1": "a" }) })[0], TABLE.legend);
});
