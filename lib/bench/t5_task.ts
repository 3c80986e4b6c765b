import type { SamplingSettings } from "#kernels/sampling/sample_tokens.ts";
import type { TaskName } from "#lib/data/task_records.ts";
import { GREEDY } from "#lib/generation/generate.ts";
import { isCorrect } from "#lib/metrics/accuracy.ts";
import { bleuStatistics, corpusBleu, statisticColumns, sumStatistics } from "#lib/metrics/bleu.ts";
import { rougeL } from "#lib/metrics/rouge_l.ts";
import { EncoderDecoder } from "#lib/models/encoder_decoder.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { t5Config } from "#lib/models/t5_config.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import type { RunContext } from "./experiment.ts";
import type { CellResult, CellScore, SampleResponse } from "#lib/results/cell_result.ts";
import type { Profile } from "./profile.ts";
import { meanScore, respond, samplesOf, search, textOf } from "./responses.ts";
import type { Scoring, Task } from "./task.ts";
import { readTaskTexts } from "./task_texts.ts";
import type { PromptSet, Texts } from "./texts.ts";

/** The sizes of students, smallest first. */
export const STUDENT_SIZES = ["small", "base", "large"] as const;
export type StudentSize = (typeof STUDENT_SIZES)[number];

/** A task of the task-specific table: a data set, and the size of the student. */
export interface T5Subject {
  readonly corpus: TaskName;
  readonly size: StudentSize;
}

/** As results name it: `samsum/base`. */
export function taskName({ corpus, size }: T5Subject): string {
  return `${corpus}/${size}`;
}

/** The profile with the sizes, lengths and rates of a task. */
export function taskProfile(profile: Profile, { corpus, size }: T5Subject): Profile {
  const { teacher, student, distillation, maxTargetTokens } = profile.taskSpecific[corpus];
  const { ammd, curveEvery, curvePrompts, sizes } = profile.taskSpecific;
  return {
    ...profile,
    data: { ...profile.data, maxNewTokens: maxTargetTokens },
    teacher,
    student: { model: sizes[size], training: student },
    distillation,
    ammd: { ...profile.ammd, ...ammd },
    evaluation: { ...profile.evaluation, curveEvery, curvePrompts },
  };
}

/** Summaries, translations or answers of an encoder-decoder after T5 v1.1. */
export function t5Task(context: RunContext, subject: T5Subject): Task {
  const { profile } = context;
  const { corpus } = subject;
  const name = taskName(subject);
  const scoreTexts = SCORERS[corpus];
  return {
    name,
    corpus,
    profile,
    readTexts: () => readTaskTexts(corpus, profile.taskSpecific, context.dataFolder),
    newModel: (gpu, sizes, { vocabSize, padId }, normalSource) =>
      new EncoderDecoder(gpu, { ...t5Config({ ...sizes, vocabSize }), startId: padId }, normalSource),
    score: (scoring, model, seed) => scoreModel(scoring, subject, model, seed),
    validation: {
      measure: `validation_${TASK_METRICS[corpus]}`,
      score: (texts, set, responses) => scoreTexts("", [answersOf(texts, set, responses)]).value,
    },
    heldOut: `${name}/held_out`,
  };
}

/** Scores the likeliest responses, and sampled ones: of these as many as there are sampling seeds. */
async function scoreModel(
  { gpu, profile, texts, stop }: Scoring,
  subject: T5Subject,
  model: LanguageModel,
  seed: number,
): Promise<Pick<CellResult, "scores" | "samples">> {
  const { batchSize, temperature, topK, topP } = profile.evaluation;
  const [set] = texts.evaluation;
  const prompts = set.prompts.map(({ promptIds }) => promptIds);
  const dataset = taskName(subject);
  const { maxNewTokens } = profile.data;
  const write = (sampling: SamplingSettings, purpose: string) =>
    respond(gpu, model, texts, prompts, { ...sampling, maxNewTokens, seed, purpose, stop }, batchSize);
  const { beams, lengthPenalty } = profile.taskSpecific;
  const likeliest = beams === 1 ? await write(GREEDY, "evaluation") : await search(
    ...[
      gpu,
      model,
      texts,
      prompts,
      { maxNewTokens, beams, lengthPenalty, stop },
      Math.ceil(batchSize / beams),
    ] as const,
  );
  const sampled: Trajectory[][] = [];
  for (const samplingSeed of profile.taskSpecific.samplingSeeds) {
    sampled.push(await write({ temperature, topK, topP }, `evaluation ${samplingSeed}`));
  }
  const score = SCORERS[subject.corpus];
  const samples: SampleResponse[] = samplesOf(texts, dataset, set, likeliest);
  return {
    scores: [
      { ...score(dataset, [answersOf(texts, set, likeliest)]), decoding: beams === 1 ? undefined : "beam" },
      score(`${dataset}/sampled`, sampled.map((responses) => answersOf(texts, set, responses))),
    ],
    samples,
  };
}

interface Answer {
  readonly text: string;
  readonly references: readonly string[];
}

function answersOf(texts: Texts, set: PromptSet, responses: readonly Trajectory[]): Answer[] {
  return responses.map(({ response }, i) => ({
    text: textOf(texts, response),
    references: set.prompts[i].record.references,
  }));
}

type Scorer = (dataset: string, draws: readonly (readonly Answer[])[]) => CellScore;

/** What each data set is scored in. */
export const TASK_METRICS = { samsum: "rouge_l", iwslt: "bleu", strategyqa: "accuracy" } as const;

/** How the answers to one set are scored, over all draws of them. */
const SCORERS: Readonly<Record<TaskName, Scorer>> = {
  samsum: (dataset, draws) =>
    meanScore(
      dataset,
      TASK_METRICS.samsum,
      draws.map((answers) => answers.map(({ text, references }) => rougeL(text, references))),
    ),
  strategyqa: (dataset, draws) =>
    meanScore(
      dataset,
      TASK_METRICS.strategyqa,
      draws.map((answers) => answers.map(({ text, references }) => Number(isCorrect(text, references[0])))),
    ),
  iwslt: bleuOf,
};

/** BLEU of a set: all draws are one corpus. What it is made of is kept sentence by sentence, for tests by resampling. */
function bleuOf(dataset: string, draws: readonly (readonly Answer[])[]): CellScore {
  const ofItems = draws[0].map((_, i) =>
    sumStatistics(draws.map((answers) => bleuStatistics(answers[i].text, answers[i].references[0])))
  );
  return {
    dataset,
    metric: TASK_METRICS.iwslt,
    value: corpusBleu(sumStatistics(ofItems)).bleu,
    count: ofItems.length,
    statistics: statisticColumns(ofItems),
  };
}
