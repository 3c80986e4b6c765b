import { exactMatch } from "#lib/metrics/exact_match.ts";
import { rougeL } from "#lib/metrics/rouge_l.ts";
import { Decoder } from "#lib/models/decoder.ts";
import type { DecoderFamilyName } from "#lib/models/decoder_config.ts";
import { DECODER_FAMILIES } from "#lib/models/decoder_families.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { INSTRUCTION_LIMITS } from "#lib/preferences/encode_pairs.ts";
import { instructionCodec } from "#lib/preferences/pair_codec.ts";
import { mean } from "#lib/statistics/statistics.ts";
import type { RunContext } from "#lib/bench/experiment.ts";
import type { CellResult, CellScore, SampleResponse } from "#lib/results/cell_result.ts";
import { FEW_RECORDS } from "./few_records.ts";
import { readInstructionTexts } from "./instruction_texts.ts";
import type { TaskMaking } from "#lib/bench/method_registry.ts";
import type { Profile } from "#lib/bench/profile.ts";
import { sizesOf } from "#lib/bench/sizes.ts";
import { meanScore, respond, samplesOf, textOf } from "#lib/bench/responses.ts";
import type { Scoring, Task } from "#lib/bench/task.ts";
import type { PromptSet, Texts } from "#lib/bench/texts.ts";

/** Bumped when the numbers of the task's cells may move. */
const INSTRUCTION_NUMERICS = { "task instruction_following": 2 };

/** The data set under which `scores.csv` keeps what is measured on held-out prompts of the validation set. */
export const HELD_OUT = "held_out";

/** A task of the instruction tables: the family of its models, and what students see. */
export interface InstructionSubject {
  readonly family: DecoderFamilyName;
  /** Whether students see the answers of the first training records alone, as many as section `fewRecords` says. */
  readonly fewRecords?: boolean;
  /** Default the evaluation sets. What is chosen by scores, as a learning rate, is chosen on the validation set. */
  readonly scoredOn?: "evaluation" | "validation";
}

/** What decides the numbers of its students beside the common sections. */
export function instructionMaking(
  profile: Profile,
  { family, fewRecords = false, scoredOn = "evaluation" }: InstructionSubject,
): TaskMaking {
  const kinds = [...(fewRecords ? ["few_records"] : []), ...(scoredOn === "validation" ? [scoredOn] : [])];
  return {
    name: [family, ...kinds].join("/"),
    numerics: INSTRUCTION_NUMERICS,
    settings: fewRecords ? { [FEW_RECORDS.name]: FEW_RECORDS.of(profile) } : {},
  };
}

/** Following instructions: decoders, scored by ROUGE-L of sampled responses to five sets. */
export function instructionTask(context: RunContext, subject: InstructionSubject = { family: "llama" }): Task {
  const { profile } = context;
  const { family, fewRecords, scoredOn } = subject;
  return {
    name: instructionMaking(profile, subject).name,
    corpus: family,
    records: fewRecords ? FEW_RECORDS.of(profile).records : undefined,
    profile,
    made: { settings: {}, numerics: INSTRUCTION_NUMERICS },
    readTexts: () => readInstructionTexts(profile.data, context.dataFolder, (message) => context.say(message)),
    newModel: (gpu, role, { vocabSize, maxPositions }, normalSource) => {
      const sizes = { ...sizesOf(profile, role), vocabSize, maxPositions };
      return new Decoder(gpu, DECODER_FAMILIES[family].smallConfig(sizes), normalSource);
    },
    score: (scoring, model, seed) => {
      const { evaluation, validation } = scoring.texts;
      return scoreModel(scoring, scoredOn === "validation" ? [validation] : evaluation, { model, seed });
    },
    validation: {
      measure: "validation_rouge_l",
      score: (texts, set, responses) => mean(scoreResponses(texts, set, responses).rougeL),
    },
    pairs: {
      codec: ({ codec, train }) => instructionCodec(codec, train.map(({ prompt }) => prompt)),
      limits: { ...profile.data, settings: INSTRUCTION_LIMITS },
      metric: "rouge_l",
    },
    heldOut: HELD_OUT,
  };
}

/** Scores of the responses to one set, item by item: fractions. */
interface ItemScores {
  readonly rougeL: readonly number[];
  readonly exactMatch: readonly number[];
}

/** Scores a model on sets of prompts; an item's score is its mean over the sampling seeds. */
async function scoreModel(
  { gpu, profile, texts, stop, progressOf }: Scoring,
  sets: readonly PromptSet[],
  { model, seed }: { readonly model: LanguageModel; readonly seed: number },
): Promise<Pick<CellResult, "scores" | "samples">> {
  const { temperature, topK, topP, noRepeatNgram, samplingSeeds, batchSize } = profile.evaluation;
  const scores: CellScore[] = [];
  const samples: SampleResponse[] = [];
  for (const set of sets) {
    const prompts = set.prompts.map(({ promptIds }) => promptIds);
    const draws: ItemScores[] = [];
    for (const samplingSeed of samplingSeeds) {
      const purpose = `evaluation ${set.name} ${samplingSeed}`;
      const settings = {
        ...{ temperature, topK, topP, noRepeatNgram, maxNewTokens: profile.data.maxNewTokens, seed, purpose },
        ...{ stop, progress: progressOf(`scoring on ${set.name}`) },
      };
      const responses = await respond(gpu, model, texts, prompts, settings, batchSize);
      if (draws.length === 0) samples.push(...samplesOf(texts, set.name, set, responses));
      draws.push(scoreResponses(texts, set, responses));
    }
    scores.push(meanScore(set.name, "rouge_l", draws.map(({ rougeL }) => rougeL)));
    scores.push(meanScore(set.name, "exact_match", draws.map(({ exactMatch }) => exactMatch)));
  }
  return { scores, samples };
}

/** ROUGE-L and exact match of responses to the prompts of a set, each the best over its references. */
function scoreResponses(texts: Texts, set: PromptSet, trajectories: readonly Trajectory[]): ItemScores {
  const answers = trajectories.map(({ response }, i) => ({
    text: textOf(texts, response),
    references: set.prompts[i].record.references,
  }));
  return {
    rougeL: answers.map(({ text, references }) => rougeL(text, references)),
    exactMatch: answers.map(({ text, references }) => exactMatch(text, references)),
  };
}
