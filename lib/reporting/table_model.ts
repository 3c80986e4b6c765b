import { SIGNIFICANCE_LEVEL } from "#lib/statistics/multiple_testing.ts";
import type { Significance } from "#lib/statistics/significance.ts";

/** Not a student: it is neither the best nor tested. */
export const TEACHER = "teacher";

/** The student that training starts from. */
export const FIRST_STUDENT = "sft";

/** How far a method is above another of its column, tested. */
export interface TestedDifference extends Pick<Significance, "difference" | "components"> {
  readonly p: number;
  /** The method that it is compared with. */
  readonly reference: string;
  /** p by Holm's correction for all methods of the column that are compared with the same one. */
  readonly correctedP: number;
}

/** Mean and spread over the seeds of one method in one column. */
export interface TableCell {
  /** As scored: of a metric in percent a fraction. */
  readonly mean: number;
  /** Sample standard deviation over the seeds, if there are two or more. */
  readonly sd: number | undefined;
  readonly seeds: readonly number[];
  /** Best mean of its column as printed, the teacher aside; equals share it. */
  readonly best: boolean;
  /** Whether it is a student's whose mean, as printed, is below that of the first student; untested. */
  readonly belowFirst: boolean;
  /** Undefined where there is no such test: of the teacher, of the method itself, of other seeds or items. */
  readonly againstBaseline: TestedDifference | undefined;
  readonly againstBest: TestedDifference | undefined;
}

export interface TableRow {
  readonly method: string;
  readonly label: string;
  /** One per column; undefined where a score is missing. */
  readonly cells: readonly (TableCell | undefined)[];
}

export interface TableColumn {
  /** As in `dolly`, or `samsum rouge_l` where the table has several metrics; `average` for that over the data sets. */
  readonly name: string;
  readonly label: string;
  readonly metric: string;
  /** Least and most items that a score of this column is a mean over; undefined for the average and without a score. */
  readonly items: readonly [least: number, most: number] | undefined;
}

export interface PublishedRow {
  readonly label: string;
  /** One per column, as it was printed, in the unit that the table prints; undefined where there is none. */
  readonly cells: readonly (string | undefined)[];
}

/** Numbers of others from one source, of other models and data: shown below the rows of a table, never marked, tested or averaged. */
export interface PublishedRows {
  /** Says of what models they are. */
  readonly heading: string;
  /** Where they stand. */
  readonly source: string;
  readonly rows: readonly PublishedRow[];
}

/** A table of methods by data sets, before it is written in a format. */
export interface ScoreTable {
  readonly caption: string;
  readonly columns: readonly TableColumn[];
  readonly rows: readonly TableRow[];
  /** A block for each source, never two in one. */
  readonly published: readonly PublishedRows[];
  /** All seeds, ascending. */
  readonly seeds: readonly number[];
  readonly legend: readonly string[];
}

/** On which side of the baseline a cell is, if it is significantly on one. */
export function sideOfBaseline({ againstBaseline }: TableCell): "above" | "below" | undefined {
  if (againstBaseline === undefined || againstBaseline.correctedP >= SIGNIFICANCE_LEVEL) return undefined;
  return againstBaseline.difference > 0 ? "above" : "below";
}

/** Whether a cell is not the best, and does not significantly differ from it either. */
export function isTiedWithBest({ best, againstBest }: TableCell): boolean {
  return !best && againstBest !== undefined && againstBest.correctedP >= SIGNIFICANCE_LEVEL;
}
