/** How tables and figures name data sets, and the order in which methods, data sets and metrics stand. */
import { METRICS } from "#lib/metrics/metric_display.ts";

const DATASETS: ReadonlyMap<string, string> = new Map([
  ["dolly", "Dolly"],
  ["self_instruct", "SelfInst"],
  ["vicuna", "Vicuna"],
  ["sni", "S-NI"],
  ["unni", "UnNI"],
  ["samsum", "SAMSum"],
  ["iwslt", "IWSLT"],
  ["strategyqa", "StrategyQA"],
  ["average", "Average"],
]);

/** The parts that names of tasks may have behind the data set: the size of the student, and what was done with it. */
const TASK_SIZES = ["", "/small", "/base", "/large"];
const TASK_USES = ["", "/sampled", "/held_out"];

/** The parts of a task's name, as in `samsum/base/sampled`, follow the data set's: "SAMSum base, sampled". */
export function datasetLabel(dataset: string): string {
  const [name, ...parts] = dataset.split("/");
  return [DATASETS.get(name) ?? name, parts.join(", ")].filter((part) => part !== "").join(" ");
}

/** Each method once: first those of `given`, in its order, the others by code units. */
export function orderMethods(methods: Iterable<string>, given: readonly string[] = []): string[] {
  return orderNames(methods, given);
}

/**
 * Each data set once: first those of `given`, in its order, then in the order of the papers' tables, those of one task from small
 * students to large ones, unknown ones by code units.
 */
export function orderDatasets(datasets: Iterable<string>, given: readonly string[] = []): string[] {
  const known = [...DATASETS.keys()].flatMap((name) =>
    TASK_SIZES.flatMap((size) => TASK_USES.map((use) => `${name}${size}${use}`))
  );
  return orderNames(datasets, [...given, ...known]);
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
