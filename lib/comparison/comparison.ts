import type { RowName } from "#lib/results/scores_csv.ts";
import type { ComparedFile } from "#lib/results/results_version.ts";

/** What differs between two versions of the results. */
export interface Comparison {
  readonly before: VersionName;
  readonly after: VersionName;
  /** All that were compared, with or without a difference. */
  readonly profiles: readonly string[];
  /** Those that differ, profile by profile. */
  readonly experiments: readonly ExperimentComparison[];
  /** What cells of both versions were computed with; of settings the path is as in `ammd.beta`. */
  readonly settings: readonly Statement[];
  /** Adapter and Deno. */
  readonly device: readonly Statement[];
  /** What was recorded of the data, as in `vocabulary`. */
  readonly data: readonly Statement[];
  /** Commits, and source files, kernels and packages where they were recorded. */
  readonly code: readonly Statement[];
  /** What the project asks for and what its lock holds; empty for folders, which have no project. */
  readonly dependencies: readonly DependencyChange[];
  /** What could not be compared, and why. */
  readonly notes: readonly string[];
}

export interface VersionName {
  /** As in `HEAD (1e09da1)`. */
  readonly label: string;
  /** Of a commit: its name in full. */
  readonly commit: string | undefined;
}

export interface ExperimentComparison {
  readonly profile: string;
  readonly experiment: string;
  /** In which versions it is. */
  readonly presence: "both" | "new" | "missing";
  readonly columns: readonly ColumnChange[];
  readonly changed: readonly ChangedRow[];
  readonly added: readonly RowName[];
  readonly missing: readonly RowName[];
  /** Files that differ, of an experiment that is in both versions. */
  readonly files: readonly FileChange[];
}

export interface ColumnChange {
  readonly file: ComparedFile;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Whether those of both versions stand in another order. */
  readonly isReordered: boolean;
}

/** Rows are compared as texts of the columns that both versions have, in any order. */
export interface FileChange {
  readonly file: ComparedFile;
  /** Undefined where there was no such file. */
  readonly rowsBefore: number | undefined;
  readonly rowsAfter: number | undefined;
  /** Rows that the other version does not have, or not as often. */
  readonly onlyBefore: number;
  readonly onlyAfter: number;
}

/** The scores of one row in one version. */
export interface SeedSummary {
  readonly mean: number;
  /** Sample standard deviation over the seeds; undefined for one. */
  readonly sd: number | undefined;
  readonly seeds: readonly number[];
  /** Different numbers of items of the seeds, where they are recorded. */
  readonly items: readonly number[];
}

/** `equal`: every seed has the same value, on another number of items. `untellable`: a side has one seed. */
export type Verdict = "larger" | "within" | "untellable" | "equal";

export interface ChangedRow extends RowName {
  readonly before: SeedSummary;
  readonly after: SeedSummary;
  /** After minus before, of the means. */
  readonly change: number;
  /** Undefined where the seeds do not show it. */
  readonly p: number | undefined;
  /** By Holm's correction for the changed rows of the data set and metric. */
  readonly correctedP: number | undefined;
  /** Whether the same seeds were compared with themselves, and whether item by item. */
  readonly pairedSeeds: boolean;
  readonly overItems: boolean;
  /** Of two trained models: whether items alone showed how much the difference varies, as they can where both have scored the same. */
  readonly itemsAlone?: boolean;
  readonly verdict: Verdict;
  readonly direction: "up" | "down" | "none";
  /** Undefined where neither higher nor lower values of the metric are better. */
  readonly quality: "better" | "worse" | undefined;
}

/** One difference, and the cells that it is about. */
export interface Statement {
  readonly path: string;
  /** Undefined where there was none. */
  readonly before: unknown;
  readonly after: unknown;
  readonly where: readonly StatementPlace[];
}

export interface StatementPlace {
  readonly profile: string;
  readonly experiment: string;
  /** Methods, with their task where there is one: `gkd/samsum/base`; each stands for all its seeds. */
  readonly cells: readonly string[];
  /** Whether those are all that both versions have. */
  readonly isAll: boolean;
}

export interface DependencyChange {
  /** `import`: of `deno.json`; `locked`: a package of `deno.lock`, with its versions. */
  readonly kind: "import" | "locked";
  readonly name: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Whether the recorded results are the same, whatever they were computed with. */
export function isSame({ experiments }: Comparison): boolean {
  return experiments.length === 0;
}
