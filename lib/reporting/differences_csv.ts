import { writeCsv } from "#lib/results/csv_rows.ts";
import { confidenceInterval } from "#lib/statistics/significance.ts";
import type { ScoreTable, TestedDifference } from "./table_model.ts";

const COLUMNS = ["column", "method", "reference", "difference", "low", "high", "p", "corrected_p"] as const;
const SIGNIFICANT_DIGITS = 4;

/**
 * What the marks of a table rest on, for programs and for readers who want the size of a difference: a row per tested difference of
 * `method` from `reference` (the baseline, then the best of the column where that is another), as scored (of a metric in percent a fraction), with its 95 %
 * interval, p, and p by Holm's correction. In the order of the table; only a header if nothing was tested.
 */
export function formatDifferences({ columns, rows }: ScoreTable): string {
  return writeCsv(
    COLUMNS,
    columns.flatMap(({ name }, i) =>
      rows.flatMap(({ method, cells: { [i]: cell } }) => {
        const { againstBaseline, againstBest } = cell ?? {};
        const isSame = againstBaseline?.reference === againstBest?.reference;
        const tested = [againstBaseline, isSame ? undefined : againstBest].filter((test) => test !== undefined);
        return tested.map((test) => ({ column: name, method, ...numbersOf(test) }));
      })
    ),
  );
}

function numbersOf({ p, correctedP, ...tested }: TestedDifference) {
  const { reference, difference } = tested;
  const [low, high] = confidenceInterval(tested);
  const compact = (value: number) => Number(value.toPrecision(SIGNIFICANT_DIGITS));
  return {
    reference,
    difference: compact(difference),
    low: compact(low),
    high: compact(high),
    p: compact(p),
    corrected_p: compact(correctedP),
  };
}
