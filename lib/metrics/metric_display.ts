/** How tables and figures name metrics and print their values. */

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

/** The order is that of tables. */
export const METRICS: ReadonlyMap<string, MetricDisplay> = new Map([
  ["rouge_l", percentage("ROUGE-L")],
  ["bleu", percentage("BLEU")],
  ["accuracy", percentage("accuracy")],
  ["exact_match", percentage("exact match")],
  ["judge", percentage("judge's score")],
  ["perplexity", { ...plain("perplexity", 2, undefined, undefined), better: "lower" }],
  ["teacher_perplexity", { ...plain("teacher's perplexity of answers", 2, undefined, undefined), better: "lower" }],
  // Of a teacher of which only texts are known.
  ["teacher_rouge_l", percentage("ROUGE-L to the teacher's texts")],
  // How varied answers are: repetitions are bad, and so is noise.
  ["distinct_1", { ...percentage("distinct words"), better: undefined }],
  ["distinct_2", { ...percentage("distinct pairs of words"), better: undefined }],
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
  // Of rewards and the pairs that they are fitted to, where no value is better than another.
  ["first_preferred", { ...percentage("first texts preferred"), better: undefined }],
  ["held_out_accuracy", { ...percentage("held-out pairs ordered by the fit"), better: undefined }],
  ["reward_accuracy", { ...percentage("held-out pairs ordered at the end"), better: undefined }],
  ["violation", plain("violation", 3, "nats", undefined)],
  ["multiplier", plain("multiplier", 2, undefined, undefined)],
]);

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
