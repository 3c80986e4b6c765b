import { exactMatch } from "#lib/metrics/exact_match.ts";
import { rougeL } from "#lib/metrics/rouge_l.ts";
import { Decoder } from "#lib/models/decoder.ts";
import type { DecoderFamilyName } from "#lib/models/decoder_config.ts";
import { DECODER_FAMILIES } from "#lib/models/decoder_families.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { mean } from "#lib/statistics/statistics.ts";
import type { RunContext } from "#lib/bench/experiment.ts";
import type { CellResult, CellScore, SampleResponse } from "#lib/results/cell_result.ts";
import { readInstructionTexts } from "./instruction_texts.ts";
import { meanScore, respond, samplesOf, textOf } from "#lib/bench/responses.ts";
import type { Scoring, Task } from "#lib/bench/task.ts";
import type { PromptSet, Texts } from "#lib/bench/texts.ts";

/** Bumped when the numbers of the task's cells may move. */
export const INSTRUCTION_NUMERICS = { "task instruction_following": 2 };

/** The data set under which `scores.csv` keeps what is measured on held-out prompts of the validation set. */
export const HELD_OUT = "held_out";

/** Whose models follow instructions, and which prompts they are scored on. */
export interface InstructionSubject {
  /** Of teacher and students; default `llama`. */
  readonly family?: DecoderFamilyName;
  /** Default the five evaluation sets. What is chosen by scores, as a learning rate, is chosen on the validation set. */
  readonly scoredOn?: "evaluation" | "validation";
}

/** Tasks of one name have the same students, and scores of the same prompts. */
export function instructionTaskName({ family = "llama", scoredOn = "evaluation" }: InstructionSubject): string {
  return scoredOn === "validation" ? `${family}/validation` : family;
}

/** Following instructions: decoders, scored by ROUGE-L of sampled responses to five sets. */
export function instructionTask(
  context: RunContext,
  { family = "llama", scoredOn = "evaluation" }: InstructionSubject = {},
): Task {
  const { profile } = context;
  return {
    name: instructionTaskName({ family, scoredOn }),
    corpus: family,
    profile,
    made: { settings: {}, numerics: INSTRUCTION_NUMERICS },
    readTexts: () => readInstructionTexts(profile.data, context.dataFolder, (message) => context.say(message)),
    newModel: (gpu, sizes, { vocabSize, maxPositions }, normalSource) =>
      new Decoder(gpu, DECODER_FAMILIES[family].smallConfig({ ...sizes, vocabSize, maxPositions }), normalSource),
    score: (scoring, model, seed) => {
      const { evaluation, validation } = scoring.texts;
      return scoreModel(scoring, scoredOn === "validation" ? [validation] : evaluation, { model, seed });
    },
    validation: {
      measure: "validation_rouge_l",
      score: (texts, set, responses) => mean(scoreResponses(texts, set, responses).rougeL),
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
  { gpu, profile, texts, stop }: Scoring,
  sets: readonly PromptSet[],
  { model, seed }: { readonly model: LanguageModel; readonly seed: number },
): Promise<Pick<CellResult, "scores" | "samples">> {
  const { temperature, topK, topP, samplingSeeds, batchSize } = profile.evaluation;
  const scores: CellScore[] = [];
  const samples: SampleResponse[] = [];
  for (const set of sets) {
    const prompts = set.prompts.map(({ promptIds }) => promptIds);
    const draws: ItemScores[] = [];
    for (const samplingSeed of samplingSeeds) {
      const purpose = `evaluation ${set.name} ${samplingSeed}`;
      const settings = { temperature, topK, topP, maxNewTokens: profile.data.maxNewTokens, seed, purpose, stop };
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
