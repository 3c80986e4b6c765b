/** One instruction with its answers. */
export interface InstructionRecord {
  readonly instruction: string;
  /** What the instruction is about; empty where it says everything itself. */
  readonly input: string;
  /** The answer that training learns from. */
  readonly response: string;
  /** Every answer that scoring accepts, `response` among them; a score is the maximum over these. */
  readonly references: readonly string[];
}

/** Records that a table has a column for. */
export interface EvaluationSet {
  /** Such as `dolly`; the `dataset` of a row of scores. */
  readonly name: string;
  readonly records: readonly InstructionRecord[];
}

/** Everything that one run of instruction following reads. */
export interface InstructionData {
  readonly train: readonly InstructionRecord[];
  /** For choosing settings and for training curves; in no table. */
  readonly validation: readonly InstructionRecord[];
  /** In the order of `INSTRUCTION_SETS`, then any others by name. */
  readonly evaluation: readonly EvaluationSet[];
  /** Where the records come from, in words, for the provenance of results. */
  readonly source: string;
  /** How many prompts of `validation` and of each evaluation set, by name, occur in `train` too. */
  readonly leakCounts: ReadonlyMap<string, number>;
  /** A sentence for each limit that left records out, for the reader of a table. */
  readonly notes?: readonly string[];
}

/** Names that tables and `scores.csv` give to what is no set: the average over the sets, and what is measured on held-out prompts. */
const RESERVED_NAMES = ["average", "held_out"];

/** Whether a set may not be named so, since its column would be taken for another. */
export function isReservedName(set: string): boolean {
  return RESERVED_NAMES.includes(set.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_"));
}

/** What makes two prompts the same: instruction and input, to the letter. */
export function promptKey(record: Pick<InstructionRecord, "instruction" | "input">): string {
  return JSON.stringify([record.instruction, record.input]);
}

/** Counts, for `validation` and each evaluation set, the records whose prompt occurs in training too. */
export function countLeaks(
  train: readonly InstructionRecord[],
  validation: readonly InstructionRecord[],
  evaluation: readonly EvaluationSet[],
): Map<string, number> {
  const trained = new Set(train.map(promptKey));
  const sets = [{ name: "validation", records: validation }, ...evaluation];
  return new Map(
    sets.map(({ name, records }) => [name, records.filter((record) => trained.has(promptKey(record))).length]),
  );
}
