import type { SamplingSettings } from "#kernels/sampling/sample_tokens.ts";
import { ACCURACY, type Answer, BLEU, ROUGE_L, type TaskMetric } from "#lib/bench/task_metrics.ts";
import { meanScore } from "#lib/bench/responses.ts";
import type { ScoredSet } from "#lib/data/scored_sets.ts";
import { InputError } from "#lib/errors.ts";
import { isCorrect } from "#lib/metrics/accuracy.ts";
import { exactMatch } from "#lib/metrics/exact_match.ts";
import { CORPUS_STATISTICS } from "#lib/metrics/corpus_statistics.ts";
import { perplexity, type Surprise, surpriseColumns } from "#lib/metrics/perplexity.ts";
import { surprisesOf, windowsOf } from "#lib/objectives/surprise.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import type { CellScore, SampleResponse } from "#lib/results/cell_result.ts";
import { bootstrapInterval, type Interval } from "#lib/statistics/bootstrap.ts";
import { type Answerer, answersTo, type WrittenAnswer } from "./answers.ts";
import type { EncodedItem, EncodedSet } from "./encoded_set.ts";

/** Metrics of answers, by name. */
const ANSWER_METRICS: Readonly<Record<string, TaskMetric>> = {
  rouge_l: ROUGE_L,
  bleu: BLEU,
  accuracy: ACCURACY,
  exact_match: {
    name: "exact_match",
    score: (dataset, draws) =>
      meanScore(
        dataset,
        "exact_match",
        draws.map((answers) => answers.map(({ text, references }) => exactMatch(text, references))),
      ),
  },
};
export const PERPLEXITY = "perplexity";
export const EVALUATION_METRICS: readonly string[] = [...Object.keys(ANSWER_METRICS), PERPLEXITY];

/** The metric of a task's answers; of any other answers it is ROUGE-L. */
const OF_TASK = { samsum: "rouge_l", iwslt: "bleu", strategyqa: "accuracy" } as const;

/** The metrics of a set where a person names none: that of its answers, and perplexity. */
export function metricsOf({ form, task }: ScoredSet): readonly string[] {
  if (form === "text") return [PERPLEXITY];
  return [task === undefined ? "rouge_l" : OF_TASK[task], PERPLEXITY];
}

/** Whether a metric is of answers, which have to be written. */
export function needsAnswers(metric: string): boolean {
  return Object.hasOwn(ANSWER_METRICS, metric);
}

/** A score with what it would be of other items of the kind. */
export interface EvaluationScore extends CellScore {
  /** 95 %, by bootstrap over the items; undefined for one item. */
  readonly interval?: Interval;
}

export interface Evaluation {
  readonly scores: readonly EvaluationScore[];
  /** The answers of the first draw to every item. */
  readonly samples: readonly SampleResponse[];
  /** The ids of the same, without those that end them. */
  readonly answerIds: readonly (readonly number[])[];
}

export interface EvaluationSettings {
  readonly metrics: readonly string[];
  readonly maxNewTokens: number;
  readonly batchSize: number;
  /** Tokens that a model reads at once. */
  readonly maxPositions: number;
  /** One for each draw of answers; none for the greedy ones. */
  readonly seeds: readonly number[];
  /** How they are drawn; default from the model's own distribution. */
  readonly sampling?: SamplingSettings;
  readonly stop?: AbortSignal;
  /** Told of items that are done: answers of all draws, and references read. */
  readonly progress?: (items: number) => void;
}

/** What `progress` will count of a set. */
export function workOf(
  { items, fits }: Pick<EncodedSet, "items" | "fits">,
  { metrics, seeds }: Pick<EvaluationSettings, "metrics" | "seeds">,
): number {
  const answers = metrics.some(needsAnswers) ? items.length * Math.max(1, seeds.length) : 0;
  return answers + (metrics.includes(PERPLEXITY) ? fits.filter((fit) => fit).length : 0);
}

/**
 * Scores a model on a set, metric by metric.
 *
 * @throws {InputError} if no reference has a perplexity and nothing else is asked for, or accuracy finds a reference that is neither yes nor no
 */
export async function evaluateSet(
  answerer: Answerer,
  encoded: EncodedSet,
  settings: EvaluationSettings,
): Promise<Evaluation> {
  const { set: { name }, items } = encoded;
  expectScores(encoded, settings);
  const draws = settings.metrics.some(needsAnswers) ? await drawAnswers(answerer, items, settings) : [];
  const answers = settings.metrics.filter(needsAnswers).map((metric) => ANSWER_METRICS[metric].score(name, draws));
  const surprises = settings.metrics.includes(PERPLEXITY) ? await scorePerplexity(answerer, encoded, settings) : [];
  return {
    scores: [...answers, ...surprises].map(withInterval),
    samples: (draws[0] ?? []).map(({ text }, i) => sampleOf(name, items[i], text)),
    answerIds: (draws[0] ?? []).map(({ ids }) => ids),
  };
}

/** What would only be found when the answers are there. */
function expectScores({ set: { name }, items, fits }: EncodedSet, { metrics, maxPositions }: EvaluationSettings): void {
  if (metrics.includes(ACCURACY.name)) {
    for (const { record: { references: [reference] } } of items) isCorrect("", reference);
  }
  if (metrics.some(needsAnswers) || fits.includes(true)) return;
  throw new InputError(
    `${name}: no reference fits the model's ${maxPositions} positions beside its prompt, so that there is no perplexity`,
  );
}

async function drawAnswers(answerer: Answerer, items: readonly EncodedItem[], settings: EvaluationSettings) {
  const { maxNewTokens, batchSize, stop, progress, seeds, sampling } = settings;
  const prompts = items.map(({ promptIds }) => promptIds);
  const draws: (Answer & WrittenAnswer)[][] = [];
  let before = 0;
  for (const seed of seeds.length > 0 ? seeds : [undefined]) {
    const answers = await answersTo(answerer, prompts, {
      ...{ maxNewTokens, batchSize, stop, seed, sampling },
      progress: (done) => progress?.(before + done),
    });
    draws.push(answers.map((answer, i) => ({ ...answer, references: items[i].record.references })));
    before += items.length;
  }
  return draws;
}

async function scorePerplexity(
  { gpu, model }: Answerer,
  { set, items, fits }: EncodedSet,
  settings: EvaluationSettings,
): Promise<CellScore[]> {
  const { batchSize, stop, progress, maxPositions } = settings;
  const counted = items.filter((_, i) => fits[i]);
  if (counted.length === 0) return [];
  const windows = counted.map(({ promptIds, referenceIds }): Trajectory[] =>
    set.form === "text" ? windowsOf(referenceIds, maxPositions) : [{ prompt: promptIds, response: referenceIds }]
  );
  const before = workOf({ items, fits }, settings) - counted.length;
  const all = windows.flat();
  const nats = await surprisesOf(gpu, model, all, {
    ...{ batchSize, stop },
    progress: (done) => progress?.(before + Math.floor(counted.length * done / all.length)),
  });
  let end = 0;
  const surprises = windows.map((own): Surprise => ({
    nats: nats.slice(end, end += own.length).reduce((sum, each) => sum + each, 0),
    tokens: own.reduce((sum, { response }) => sum + response.length, 0),
  }));
  const score = { dataset: set.name, metric: PERPLEXITY, value: perplexity(surprises), count: counted.length };
  return [{ ...score, statistics: surpriseColumns(surprises) }];
}

function withInterval(score: CellScore): EvaluationScore {
  const { metric, items, statistics } = score;
  const statistic = CORPUS_STATISTICS.find((each) => each.metric === metric);
  const interval = statistic && statistics
    ? bootstrapInterval(statistic.parts.map((part) => statistics[part]), (sums) => statistic.valueOf(sums))
    : items && bootstrapInterval([items], ([sum], count) => sum / count);
  return { ...score, interval };
}

function sampleOf(dataset: string, { record: { instruction, input, references } }: EncodedItem, response: string) {
  return { dataset, instruction, input, reference: references[0], response };
}
