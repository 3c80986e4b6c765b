/** What the name of a data set in `scores.csv` and `items.csv` packs together, as columns of their own. */
export interface DatasetColumns {
  /** What the model was trained for. */
  readonly task: string;
  /** Of the student; empty where a task has one. */
  readonly size: string;
  /**
   * How the scored texts were made: `sampled`, `greedy` or `beam`; `held_out` for measures on held-out prompts, of which some are taken
   * on the teacher's texts; empty where nothing is decoded.
   */
  readonly decoding: string;
}

export const DATASET_COLUMNS = ["task", "size", "decoding"] as const;

const HELD_OUT = "held_out";
/** Solved exactly. */
const PROBLEM = "mdp";

/**
 * Splits a data set's name: `samsum/base/sampled` is task `samsum`, size `base`, decoded by sampling. A name without `/` is a set of
 * instructions, whose responses are sampled.
 *
 * @param decoding where it is known; a name distinguishes likeliest responses from sampled ones, and does not say how they were found. Those of files
 *   without the column were all found greedily.
 */
export function columnsOf(dataset: string, decoding?: string): DatasetColumns {
  if (dataset === PROBLEM) return { task: PROBLEM, size: "", decoding: "" };
  const [task, size, use] = dataset.split("/");
  if (size !== undefined) return { task, size, decoding: decoding ?? use ?? "greedy" };
  return {
    task: "instruction_following",
    size: "",
    decoding: decoding ?? (dataset === HELD_OUT ? HELD_OUT : "sampled"),
  };
}
