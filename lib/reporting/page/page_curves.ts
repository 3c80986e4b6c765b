import type { CurveRow } from "#lib/results/curves_csv.ts";
import { datasetLabel, orderDatasets, orderMethods } from "../display_names.ts";
import type { MethodDisplays } from "../method_display.ts";
import { type CurvePanel, curves, isShown } from "../figures/curves.ts";
import type { Figure } from "../figures/figure.ts";
import type { MethodChoice } from "../figures/series_style.ts";

/** What is shown of training, in this order: measures of held-out prompts, and the loss. Any other measure that is not left out follows. */
const PANELS: Readonly<Record<string, Omit<CurvePanel, "measure"> | undefined>> = {
  validation_rouge_l: { heading: "ROUGE-L, held-out", title: "%", scale: 100 },
  validation_bleu: { heading: "BLEU, held-out", title: "%", scale: 100 },
  validation_accuracy: { heading: "Accuracy, held-out", title: "%", scale: 100 },
  validation_two_tv_on: { heading: "2·TV, own texts", title: "2·TV" },
  validation_two_tv_off: { heading: "2·TV, teacher's texts", title: "2·TV" },
  validation_d_on: { heading: "d_on, held-out", title: "moment" },
  validation_d_off: { heading: "d_off, held-out", title: "moment" },
  validation_response_tokens: { heading: "Length of own texts", title: "tokens" },
  validation_entropy_on: { heading: "Entropy, own texts", title: "nats" },
  // Fine-tuning before distillation takes more steps than it, which would crowd the others together.
  loss: { heading: "Training loss", title: "loss", except: ["teacher", "sft"] },
};

/** Measures of the batches that are trained on, of which the held-out ones tell more, or of one method alone. */
const LEFT_OUT = new Set([
  ...["grad_norm", "critic_grad_norm", "critic_loss", "d_on", "d_off", "two_tv_on", "two_tv_off", "validation_loss"],
  ...["student_share", "clip_fraction", "policy_loss", "reverse_kl", "reward", "task_loss"],
]);

/** Of an experiment with tasks, whose panels are as many as the tasks: the score, the distance and the loss. */
const OF_TASKS = [
  { title: "Score on held-out sources", measures: ["validation_rouge_l", "validation_bleu", "validation_accuracy"] },
  { title: "Distance to the teacher on own texts, held-out sources", measures: ["validation_two_tv_on"] },
  { title: "Training loss", measures: ["loss"] },
];

/** Bands of more lines than these would hide each other. */
const MOST_BANDS = 5;
/** Points of a line; more would not be told apart. */
const MOST_STEPS = 40;

/** The training curves of an experiment, small; none where it has none. @param methods under the labels of the table */
export function curveFigures(
  rows: readonly CurveRow[],
  methods: readonly MethodChoice[],
  display: MethodDisplays,
): Figure[] {
  const shown = thinned(rows.filter(({ measure }) => !LEFT_OUT.has(measure)));
  const figures = shown.some(({ task }) => task !== undefined)
    ? OF_TASKS.map(({ title, measures }) => ({ title, panels: taskPanels(shown, measures) }))
    : [{ title: "Training curves", panels: measurePanels(shown) }];
  return figures.filter(({ panels }) => panels.length > 0).map(({ title, panels }) => {
    const drawn = new Set(
      shown.filter((row) => panels.some((panel) => isShown(row, panel))).map(({ method }) => method),
    );
    const others = orderMethods(drawn).filter((method) => !methods.some((one) => one.method === method));
    return curves(shown, {
      title,
      panels,
      methods: [...methods.filter(({ method }) => drawn.has(method)), ...others.map((method) => ({ method }))],
      display,
      bands: drawn.size <= MOST_BANDS,
    });
  });
}

function measurePanels(rows: readonly CurveRow[]): CurvePanel[] {
  const present = new Set(rows.map(({ measure }) => measure));
  const known = Object.keys(PANELS).filter((measure) => present.has(measure));
  const others = [...present].filter((measure) => PANELS[measure] === undefined).sort();
  return [...known, ...others].map((measure) => ({ measure, ...(PANELS[measure] ?? { title: measure }) }));
}

/** A panel for each task that has one of the measures. */
function taskPanels(rows: readonly CurveRow[], measures: readonly string[]): CurvePanel[] {
  const measureOf = new Map(
    rows.flatMap(({ task, measure }) => task && measures.includes(measure) ? [[task, measure]] : []),
  );
  return orderDatasets(measureOf.keys()).map((task) => {
    const measure = measureOf.get(task)!;
    return { measure, ...(PANELS[measure] ?? { title: measure }), task, heading: datasetLabel(task) };
  });
}

/** Every so many of the steps that a measure has, the last one included. */
function thinned(rows: readonly CurveRow[]): CurveRow[] {
  return [...Map.groupBy(rows, ({ task, method, measure }) => JSON.stringify([task, method, measure])).values()]
    .flatMap((line) => {
      const steps = [...new Set(line.map(({ step }) => step))].sort((a, b) => b - a);
      const every = Math.ceil(steps.length / MOST_STEPS);
      const kept = new Set(steps.filter((_, i) => i % every === 0));
      return line.filter(({ step }) => kept.has(step));
    });
}
