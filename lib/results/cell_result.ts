/** What a training run measured at one step. */
export interface MeasureRow {
  readonly step: number;
  readonly measure: string;
  readonly value: number;
}

/** A score of a cell, without the experiment's, method's and seed's name. */
export interface CellScore {
  readonly dataset: string;
  readonly metric: string;
  /** A fraction. */
  readonly value: number;
  /** Items that it is the mean over. */
  readonly count: number;
  /** How the scored texts were made, where the data set's name does not say it: `beam`. */
  readonly decoding?: string;
  /** The score of each item, where there are items: what differences between methods are tested on. */
  readonly items?: readonly number[];
  /** In place of items, where the score is no mean over them: what it is computed from, by name, a number of each item. */
  readonly statistics?: Readonly<Record<string, readonly number[]>>;
}

/** A response of a trained model. */
export interface SampleResponse {
  readonly dataset: string;
  readonly instruction: string;
  readonly input: string;
  readonly reference: string;
  readonly response: string;
}

/** A preference pair as a person reads it: the line of a file. */
export interface PairRecord {
  readonly prompt: string;
  readonly first: string;
  readonly second: string;
  /** Probability that the first text is preferred: 1 or 0, 0.5 for a tie, or any number between. */
  readonly label: number;
  /** Who says so. */
  readonly oracle: string;
  /** The round that drew the pair, from 1; 0 for pairs that were there before. */
  readonly round: number;
}

export interface CellResult {
  readonly scores: readonly CellScore[];
  readonly curves: readonly MeasureRow[];
  /** All responses of the first draw where a cell gives them, of each set the first few where they are recorded. */
  readonly samples: readonly SampleResponse[];
  /** The preference pairs that it has learned from, those that are to be recorded; left out where it learns from none. */
  readonly pairs?: readonly PairRecord[];
}
