/** How tables and figures name methods and data sets, and the order in which they stand. */
import { METRICS } from "#lib/metrics/metric_display.ts";

const METHODS: ReadonlyMap<string, string> = new Map([
  ["teacher", "Teacher"],
  ["sft", "SFT"],
  ["sft_continued", "SFT continued"],
  ["kd", "KD"],
  ["seqkd", "SeqKD"],
  ["imitkd", "ImitKD"],
  ["minillm", "MiniLLM"],
  ["gkd", "GKD"],
  ["distillm", "DistiLLM"],
  ["opd", "On-policy reverse KL"],
  ["abkd", "ABKD"],
  ["akl", "AKL"],
  ["ammd_off", "AMMD (off-policy)"],
  ["ammd_on", "AMMD (on-policy)"],
  ["ammd", "AMMD"],
  ["ammd_sft", "AMMD + SFT"],
]);

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

/** A name without a display name stands for itself. */
export function methodLabel(method: string): string {
  return METHODS.get(method) ?? method;
}

/** The parts of a task's name, as in `samsum/base/sampled`, follow the data set's: "SAMSum base, sampled". */
export function datasetLabel(dataset: string): string {
  const [name, ...parts] = dataset.split("/");
  return [DATASETS.get(name) ?? name, parts.join(", ")].filter((part) => part !== "").join(" ");
}

/** Each method once: first those of `given`, in its order, then in the order of the papers' tables, unknown ones by code units. */
export function orderMethods(methods: Iterable<string>, given: readonly string[] = []): string[] {
  return orderNames(methods, [...given, ...METHODS.keys()]);
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
