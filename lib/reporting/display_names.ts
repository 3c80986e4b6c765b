/** How tables and figures name data sets, and the order in which methods, data sets and metrics stand. */
import { INSTRUCTION_SETS } from "#lib/data/instruction_sets.ts";
import { METRICS } from "#lib/metrics/metric_display.ts";

/** A data set as people are told of it. */
export interface DataSetDescription {
  /** Its name in tables and figures. */
  readonly label: string;
  /** What it asks, in a line. */
  readonly summary: string;
}

const AVERAGE = "average";
const dataSets = new Map<string, DataSetDescription>(Object.entries(INSTRUCTION_SETS));

/** Makes data sets known beside the instruction sets, which `lib/data` reads itself; whoever declares them calls it as it loads. */
export function describeDataSets(described: Readonly<Record<string, DataSetDescription>>): void {
  for (const [name, { label, summary }] of Object.entries(described)) dataSets.set(name, { label, summary });
}

/** Every data set that is known, in the order in which tables have them. */
export function describedDataSets(): ReadonlyMap<string, DataSetDescription> {
  return dataSets;
}

/** The parts that names of tasks may have behind the data set: the size of the student, and what was done with it. */
const TASK_SIZES = ["", "/small", "/base", "/large"];
const TASK_USES = ["", "/sampled", "/held_out"];

/** The parts of a task's name, as in `samsum/base/sampled`, follow the data set's: "SAMSum base, sampled". */
export function datasetLabel(dataset: string): string {
  const [name, ...parts] = dataset.split("/");
  return [name === AVERAGE ? "Average" : dataSets.get(name)?.label ?? name, parts.join(", ")].filter((part) =>
    part !== ""
  ).join(" ");
}

/** Each method once: first those of `given`, in its order, the others by code units. */
export function orderMethods(methods: Iterable<string>, given: readonly string[] = []): string[] {
  return orderNames(methods, given);
}

/**
 * Each data set once, in the order of the papers' tables, those of one task from small students to large ones, unknown ones by code
 * units.
 */
export function orderDatasets(datasets: Iterable<string>): string[] {
  const known = [...dataSets.keys(), AVERAGE].flatMap((name) =>
    TASK_SIZES.flatMap((size) => TASK_USES.map((use) => `${name}${size}${use}`))
  );
  return orderNames(datasets, known);
}

/** Each metric once, the one that the papers report first. */
export function orderMetrics(metrics: Iterable<string>): string[] {
  return orderNames(metrics, [...METRICS.keys()]);
}

function orderNames(names: Iterable<string>, first: readonly string[]): string[] {
  const present = new Set(names);
  // Sets iterate in the order of insertion, and sort() without a function compares code units.
  return [...new Set([...first, ...[...present].sort()])].filter((name) => present.has(name));
}
