import type { SamplingSettings } from "#kernels/sampling/sample_tokens.ts";
import { GREEDY } from "#lib/generation/generate.ts";
import { EncoderDecoder } from "#lib/models/encoder_decoder.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { t5Config } from "#lib/models/t5_config.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import type { PairLimits } from "#lib/preferences/encode_pairs.ts";
import { sourceCodec } from "#lib/preferences/pair_codec.ts";
import type { RunContext } from "#lib/bench/experiment.ts";
import type { CellResult, SampleResponse } from "#lib/results/cell_result.ts";
import type { Profile } from "#lib/bench/profile.ts";
import { sizesOf } from "#lib/bench/sizes.ts";
import { respond, samplesOf, search, textOf } from "#lib/bench/responses.ts";
import type { TaskMaking } from "#lib/bench/method_registry.ts";
import { withOverrides } from "#lib/bench/section.ts";
import type { Scoring, Task } from "#lib/bench/task.ts";
import { SEQUENCE_TASKS, type SequenceTaskName } from "./registry.ts";
import type { Answer } from "#lib/bench/task_metrics.ts";
import { TASK_SPECIFIC } from "./task_settings.ts";
import { readTaskTexts } from "./task_texts.ts";
import type { PromptSet, Texts } from "#lib/bench/texts.ts";

/** The sizes of students, smallest first. */
export const STUDENT_SIZES = ["small", "base", "large"] as const;
export type StudentSize = (typeof STUDENT_SIZES)[number];

/** A task of the task-specific table: a data set, and the size of the student. */
export interface T5Subject {
  readonly corpus: SequenceTaskName;
  readonly size: StudentSize;
}

/** As results name it: `samsum/base`. */
export function taskName({ corpus, size }: T5Subject): string {
  return `${corpus}/${size}`;
}

/** The profile with the sizes, lengths and rates of a task. */
export function taskProfile(profile: Profile, { corpus, size }: T5Subject): Profile {
  const { [corpus]: own, ...settings } = TASK_SPECIFIC.of(profile);
  const { teacher, student, distillation, maxTargetTokens, checkpoints = settings.checkpoints } = own;
  const { curveEvery, curvePrompts, sizes } = settings;
  return {
    ...withOverrides(profile, TASK_SPECIFIC),
    data: { ...profile.data, maxNewTokens: maxTargetTokens },
    teacher,
    student: {
      ...(checkpoints === undefined ? { model: sizes?.[size] } : { checkpoint: checkpoints[size] }),
      training: student,
    },
    distillation,
    evaluation: { ...profile.evaluation, curveEvery, curvePrompts },
  };
}

/** What decides the numbers of its cells beside the common sections. */
export function taskMaking(profile: Profile, subject: T5Subject): TaskMaking {
  const { corpus } = subject;
  const settings = TASK_SPECIFIC.of(profile);
  const { vocabSize, trainRecords, itemsPerSet, longSources, beams, lengthPenalty, samplingSeeds } = settings;
  const { maxSourceTokens, maxTargetTokens } = settings[corpus];
  return {
    name: taskName(subject),
    numerics: { [`task ${corpus}`]: SEQUENCE_TASKS[corpus].numerics },
    settings: {
      taskSpecific: {
        ...{ vocabSize, trainRecords, itemsPerSet, longSources, beams, lengthPenalty, samplingSeeds },
        [corpus]: { maxSourceTokens, maxTargetTokens },
      },
    },
  };
}

/** Summaries, translations or answers of an encoder-decoder after T5 v1.1. */
export function t5Task(context: RunContext, subject: T5Subject): Task {
  const { profile } = context;
  const { corpus } = subject;
  const name = taskName(subject);
  const { metric } = SEQUENCE_TASKS[corpus];
  return {
    name,
    corpus,
    profile,
    made: taskMaking(profile, subject),
    readTexts: () =>
      readTaskTexts(corpus, TASK_SPECIFIC.of(profile), context.dataFolder, (message) => context.say(message)),
    newModel: (gpu, role, { vocabSize, padId }, normalSource) => {
      const config = t5Config({ ...sizesOf(profile, role), vocabSize });
      return new EncoderDecoder(gpu, { ...config, startId: padId }, normalSource);
    },
    score: (scoring, model, seed) => scoreModel(scoring, subject, model, seed),
    validation: {
      measure: `validation_${metric.name}`,
      score: (texts, set, responses) => metric.score("", [answersOf(texts, set, responses)]).value,
    },
    pairs: {
      codec: ({ codec, train }) => sourceCodec(codec, train.map(({ prompt }) => prompt)),
      limits: limitsOfPairs(profile, corpus),
      metric: metric.name,
    },
    heldOut: `${name}/held_out`,
  };
}

/** The lengths of a data set, as its pairs have them. */
function limitsOfPairs(profile: Profile, corpus: SequenceTaskName): PairLimits {
  const { [corpus]: { maxSourceTokens, maxTargetTokens }, longSources } = TASK_SPECIFIC.of(profile);
  const setting = (name: string) => `taskSpecific.${corpus}.${name}`;
  return {
    maxPromptTokens: maxSourceTokens,
    // Pairs are learned from, where what is too long is left out.
    longPrompts: longSources === "truncate" ? "truncate" : "drop",
    maxNewTokens: maxTargetTokens,
    settings: { prompt: setting("maxSourceTokens"), response: setting("maxTargetTokens") },
  };
}

/** Scores the likeliest responses, and sampled ones: of these as many as there are sampling seeds. */
async function scoreModel(
  { gpu, profile, texts, stop, progressOf }: Scoring,
  subject: T5Subject,
  model: LanguageModel,
  seed: number,
): Promise<Pick<CellResult, "scores" | "samples">> {
  const { batchSize, temperature, topK, topP } = profile.evaluation;
  const [set] = texts.evaluation;
  const prompts = set.prompts.map(({ promptIds }) => promptIds);
  const dataset = taskName(subject);
  const { maxNewTokens } = profile.data;
  const progress = progressOf("scoring");
  const write = (sampling: SamplingSettings, purpose: string) =>
    respond(gpu, model, texts, prompts, { ...sampling, maxNewTokens, seed, purpose, stop, progress }, batchSize);
  const { beams, lengthPenalty, samplingSeeds } = TASK_SPECIFIC.of(profile);
  const likeliest = beams === 1 ? await write(GREEDY, "evaluation") : await search(
    ...[
      gpu,
      model,
      texts,
      prompts,
      { maxNewTokens, beams, lengthPenalty, stop, progress },
      Math.ceil(batchSize / beams),
    ] as const,
  );
  const sampled: Trajectory[][] = [];
  for (const samplingSeed of samplingSeeds) {
    sampled.push(await write({ temperature, topK, topP }, `evaluation ${samplingSeed}`));
  }
  const { metric } = SEQUENCE_TASKS[subject.corpus];
  const samples: SampleResponse[] = samplesOf(texts, dataset, set, likeliest);
  return {
    scores: [
      { ...metric.score(dataset, [answersOf(texts, set, likeliest)]), decoding: beams === 1 ? undefined : "beam" },
      metric.score(`${dataset}/sampled`, sampled.map((responses) => answersOf(texts, set, responses))),
    ],
    samples,
  };
}

function answersOf(texts: Texts, set: PromptSet, responses: readonly Trajectory[]): Answer[] {
  return responses.map(({ response }, i) => ({
    text: textOf(texts, response),
    references: set.prompts[i].record.references,
  }));
}
