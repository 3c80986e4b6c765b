import { buildTable } from "#lib/reporting/table.ts";
import { formatTable } from "#lib/reporting/table_formats.ts";
import type { ScoreTable } from "#lib/reporting/table_model.ts";
import type { ScoreRow } from "#lib/reporting/scores_csv.ts";
import type { Experiment } from "./experiment.ts";

/** What an experiment's table is of: its name, source and rows. */
export type TableSubject = Pick<Experiment, "name" | "source" | "methods">;

/** The table of an experiment's ROUGE-L; exact match is in `scores.csv`. Methods without scores are shown as missing. */
export function resultTable(
  { source, methods }: TableSubject,
  profile: string,
  scores: readonly ScoreRow[],
): ScoreTable {
  return buildTable(scores, {
    caption: `Instruction following (after ${source}), profile ${profile}: ROUGE-L`,
    metrics: ["rouge_l"],
    methods,
  });
}

/** `table.md` and `table.csv`. */
export function resultTables(
  subject: TableSubject,
  profile: string,
  scores: readonly ScoreRow[],
): Record<string, string> {
  const table = resultTable(subject, profile, scores);
  return { "table.md": formatTable(table, "md"), "table.csv": formatTable(table, "csv") };
}
