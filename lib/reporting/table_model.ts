/** A difference is marked if its two-sided p is below this. */
export const SIGNIFICANCE_LEVEL = 0.05;

/** Mean and spread over the seeds of one method in one column. */
export interface TableCell {
  /** A fraction. */
  readonly mean: number;
  /** Sample standard deviation over the seeds, if there are two or more. */
  readonly sd: number | undefined;
  readonly seeds: readonly number[];
  /** Highest mean of its column as printed, the teacher aside; equals share it. */
  readonly best: boolean;
  /** Differs from the baseline by a paired t-test over the seeds. */
  readonly significant: boolean;
}

export interface TableRow {
  readonly method: string;
  readonly label: string;
  /** One per column; undefined where a score is missing. */
  readonly cells: readonly (TableCell | undefined)[];
}

export interface TableColumn {
  /** As in `dolly`, or `samsum rouge_l` where the table has several metrics; `average` for the last. */
  readonly name: string;
  readonly label: string;
  /** Least and most items that a score of this column is a mean over; undefined for the average and without a score. */
  readonly items: readonly [least: number, most: number] | undefined;
}

/** A table of methods by data sets, before it is written in a format. */
export interface ScoreTable {
  readonly caption: string;
  readonly columns: readonly TableColumn[];
  readonly rows: readonly TableRow[];
  /** All seeds, ascending. */
  readonly seeds: readonly number[];
  readonly legend: readonly string[];
}

/** A fraction as papers print it: in percent with one decimal, without the sign. */
export function percent(fraction: number): string {
  return (100 * fraction).toFixed(1);
}
