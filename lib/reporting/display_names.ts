/** How tables and figures name methods, data sets and metrics, and the order of methods and data sets. */

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
]);

const METRICS: ReadonlyMap<string, string> = new Map([
  ["rouge_l", "ROUGE-L"],
  ["bleu", "BLEU"],
  ["accuracy", "accuracy"],
  ["exact_match", "exact match"],
]);

/** A name without a display name stands for itself. */
export function methodLabel(method: string): string {
  return METHODS.get(method) ?? method;
}

export function datasetLabel(dataset: string): string {
  return DATASETS.get(dataset) ?? dataset;
}

export function metricLabel(metric: string): string {
  return METRICS.get(metric) ?? metric;
}

/** Each method once, in the order of the papers' tables; unknown ones after, by code units. */
export function orderMethods(methods: Iterable<string>): string[] {
  return order(methods, METHODS);
}

/** Each data set once, in the order of the papers' tables; unknown ones after, by code units. */
export function orderDatasets(datasets: Iterable<string>): string[] {
  return order(datasets, DATASETS);
}

/** Each metric once, the one that the papers report first. */
export function orderMetrics(metrics: Iterable<string>): string[] {
  return order(metrics, METRICS);
}

function order(names: Iterable<string>, known: ReadonlyMap<string, string>): string[] {
  const present = new Set(names);
  // Sets iterate in the order of insertion, and sort() without a function compares code units.
  const unknown = [...present].filter((name) => !known.has(name)).sort();
  return [...known.keys()].filter((name) => present.has(name)).concat(unknown);
}
