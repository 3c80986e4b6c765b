import type { TaskFormat } from "#lib/data/task_files.ts";
import { countLeakedSources, type TaskData, type TaskRecord } from "#lib/data/task_records.ts";
import type { TaskMetric } from "#lib/bench/task_metrics.ts";

/** A task from one text to another, whole: what `--data` reads, what is embedded in its place, how answers are scored, how it is called. */
export interface SequenceTask {
  /** Its name in tables and figures. */
  readonly label: string;
  /** What the embedded records ask, in a line of `list`. */
  readonly summary: string;
  /** Bumped when the numbers of its cells may move. */
  readonly numerics: number;
  /** The data set's own files, as they are published. */
  readonly format: TaskFormat;
  readonly metric: TaskMetric;
  /** The records where no data is given: small, freely licensed, of the same kind of task. */
  readonly embedded: EmbeddedTables;
}

export interface EmbeddedTables {
  /** What the records are, in words. */
  readonly source: string;
  /** Of whom and under which licence; its text stands beside the tables. */
  readonly licence: string;
  /** Lines of source, tab, target, after a line of heads. */
  readonly train: string;
  readonly validation: string;
  readonly test: string;
}

/** The embedded records of a task. */
export function embeddedData({ embedded }: SequenceTask): TaskData {
  const [train, validation, test] = [embedded.train, embedded.validation, embedded.test].map(parseTable);
  const source = `embedded: ${embedded.source} (${embedded.licence})`;
  return { train, validation, test, source, leakCount: countLeakedSources(train, test) };
}

function parseTable(text: string): TaskRecord[] {
  return text.trimEnd().split("\n").slice(1).map((line) => {
    const [source, target] = line.split("\t");
    return { source, target, references: [target] };
  });
}
