/** How tables and figures name methods, data sets and metrics, and their order. */

/** How values of a metric are named, printed and compared. */
export interface MetricDisplay {
  readonly label: string;
  /** `percent`: values are fractions, printed times 100. `plain`: values are printed as they are. */
  readonly scale: "percent" | "plain";
  readonly decimals: number;
  /** As in `percent`, `nats`, `tokens`; undefined for a bare number. */
  readonly unit: string | undefined;
  /** Which values are better; undefined where neither is. */
  readonly better: "higher" | "lower" | undefined;
}

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

/** The order is that of tables. */
const METRICS: ReadonlyMap<string, MetricDisplay> = new Map([
  ["rouge_l", percentage("ROUGE-L")],
  ["bleu", percentage("BLEU")],
  ["accuracy", percentage("accuracy")],
  ["exact_match", percentage("exact match")],
  ["judge", percentage("judge's score")],
  ["gap", plain("imitation gap", 3, undefined, undefined)],
  ["d_on", distance("on-policy moment distance")],
  ["d_off", distance("off-policy moment distance")],
  ...onTexts("two_tv", distance("twice total variation")),
  ...onTexts("total_variation", distance("total variation")),
  ...onTexts("forward_kl", distance("forward KL", "nats")),
  ...onTexts("reverse_kl", distance("reverse KL", "nats")),
  ...onTexts("jensen_shannon", distance("Jensen-Shannon", "nats")),
  ...onTexts("skew_forward_kl", distance("skew forward KL", "nats")),
  ...onTexts("skew_reverse_kl", distance("skew reverse KL", "nats")),
  ...onTexts("alpha_beta", distance("alpha-beta divergence")),
  ["response_tokens", plain("response length", 1, "tokens", undefined)],
  ...onTexts("entropy", plain("entropy", 2, "nats", undefined)),
]);

/** A name without a display name stands for itself. */
export function methodLabel(method: string): string {
  return METHODS.get(method) ?? method;
}

/** The parts of a task's name, as in `samsum/base/sampled`, follow the data set's: "SAMSum base, sampled". */
export function datasetLabel(dataset: string): string {
  const [name, ...parts] = dataset.split("/");
  return [DATASETS.get(name) ?? name, parts.join(", ")].filter((part) => part !== "").join(" ");
}

/** What is not known stands for itself and is printed with three decimals. */
export function metricDisplay(metric: string): MetricDisplay {
  return METRICS.get(metric) ?? plain(metric, 3, undefined, undefined);
}

export function metricLabel(metric: string): string {
  return metricDisplay(metric).label;
}

/** A value, or a difference of values, as tables print it: `33.6` for a ROUGE-L of 0.336; never `-0.0`. */
export function printMetric(metric: string, value: number): string {
  const { scale, decimals } = metricDisplay(metric);
  const text = (scale === "percent" ? 100 * value : value).toFixed(decimals);
  return Number(text) === 0 ? (0).toFixed(decimals) : text;
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

function percentage(label: string): MetricDisplay {
  return { label, scale: "percent", decimals: 1, unit: "percent", better: "higher" };
}

function plain(
  label: string,
  decimals: number,
  unit: string | undefined,
  better: MetricDisplay["better"],
): MetricDisplay {
  return { label, scale: "plain", decimals, unit, better };
}

function distance(label: string, unit?: string): MetricDisplay {
  return plain(label, 3, unit, "lower");
}

/** What is measured token by token: by itself, and on texts of either policy. */
function onTexts(name: string, display: MetricDisplay): [string, MetricDisplay][] {
  return [
    [name, display],
    [`${name}_on`, { ...display, label: `${display.label} (student texts)` }],
    [`${name}_off`, { ...display, label: `${display.label} (teacher texts)` }],
  ];
}
