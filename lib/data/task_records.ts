/** A source with its answer: a text and its summary, a sentence and its translation, a question and yes or no. */
export interface TaskRecord {
  /** What the model reads, to the letter. */
  readonly source: string;
  /** What training learns from. */
  readonly target: string;
  /** Every answer that scoring accepts, `target` among them. */
  readonly references: readonly string[];
}

/** Everything that one run of a task reads. */
export interface TaskData {
  readonly train: readonly TaskRecord[];
  /** For choosing settings and for training curves; in no table. */
  readonly validation: readonly TaskRecord[];
  readonly test: readonly TaskRecord[];
  /** Where the records come from, in words, for the provenance of results. */
  readonly source: string;
  /** How many test sources occur in `train` too. */
  readonly leakCount: number;
}

/** Counts the test sources that occur in training too, to the letter. */
export function countLeakedSources(train: readonly TaskRecord[], test: readonly TaskRecord[]): number {
  const trained = new Set(train.map(({ source }) => source));
  return test.filter(({ source }) => trained.has(source)).length;
}
