/**
 * Question: which methods help where students see few answers of the data? Their SFT student is trained on the first records alone, and
 * so is whatever reads the data's answers; the teacher has seen all, and prompts without answers are not scarce.
 *
 * Source: this project: AMMD (Jia 2024), Table 1, with as many records as `fewRecords.records` says (docs/results.md).
 * Command: `deno task reproduce few_records`, about as long as instruction_following.
 * Result: results/<profile>/few_records/{scores,items,curves}.csv, table.md, average.svg, gain.svg, distances.svg.
 */
import { instructionExperiment } from "#experiments/tasks/instruction_experiment.ts";
import { reportOfMethods } from "#experiments/reports/instruction_report.ts";
import { FEW_RECORDS } from "#experiments/tasks/few_records.ts";
import type { RecordedResults } from "#lib/bench/experiment.ts";
import { METHODS } from "#experiments/methods/registry.ts";

/** How many records students saw, as it was recorded. */
function seenBy({ settings }: RecordedResults): string[] {
  const counts = settings.flatMap(({ settings: { fewRecords } }) => {
    const { data } = FEW_RECORDS.schema.safeParse(fewRecords);
    return data ? [data.records] : [];
  });
  return [...new Set(counts)].map((records) =>
    `Students see the answers of the first ${records} training records (fewRecords.records), their teacher of all.`
  );
}

export const fewRecords = instructionExperiment({
  name: "few_records",
  source: "AMMD, Table 1, with few records",
  description: "the same table for students that see the answers of few training records",
  fewRecords: true,
  methods: METHODS,
  report(results) {
    const caption = `Instruction following with few records (after AMMD, Table 1), profile ${results.profile}`;
    const report = reportOfMethods(results, { caption, methods: Object.keys(METHODS) });
    const { table } = report.tables;
    return {
      ...report,
      tables: { ...report.tables, table: { ...table, legend: [...table.legend, ...seenBy(results)] } },
    };
  },
});
