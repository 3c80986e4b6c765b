import { distillation, distillationFromKnown, type DistillationSettings } from "#lib/objectives/distillation.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import type { Objective } from "#lib/objectives/objective.ts";
import { packPairMicroBatches, type PairBatch } from "#lib/objectives/preference/pair_batch.ts";
import { fineTuning } from "#lib/objectives/supervised.ts";
import { inGroups, packMicroBatches, type Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { DistillmTexts, type DistillmTextSettings } from "#lib/training/distillm_texts.ts";
import type { NextTexts, TextSource } from "#lib/training/text_draws.ts";
import { trainOnBatches, trainOnTexts } from "#lib/training/train_on_texts.ts";
import type { Observation } from "./training_curves.ts";
import type { StudentRun } from "./method.ts";
import { type PairRoundOptions, PairRounds } from "./pair_rounds.ts";
import { recipeOf } from "./recipe.ts";
import { choicesOf, drawsOf, nextTextsOf } from "./student_texts.ts";

/** Fine-tunes on the next texts of a source: cross-entropy, no teacher. */
export async function fineTuneOn(run: StudentRun, texts: NextTexts | TextSource): Promise<void> {
  const { student } = run;
  const nextTexts = nextTextsOf(run, texts);
  await trainOnTexts(run.bench.gpu, {
    ...recipeOf(run),
    store: student.store,
    nextTexts,
    players: { student },
    objective: fineTuning,
  });
}

/** Brings the student's next-token probabilities closer to the teacher's at the states of a source's texts. */
export async function distilOn(
  run: StudentRun,
  texts: NextTexts | TextSource,
  settings: DistillationSettings,
  observation?: Observation,
): Promise<void> {
  const { student } = run;
  const { model: teacher } = await run.bench.teacher();
  const objective = distillation(settings);
  const nextTexts = nextTextsOf(run, texts);
  const players = { student, teacher };
  await trainOnTexts(run.bench.gpu, {
    ...recipeOf(run, observation),
    store: student.store,
    nextTexts,
    players,
    objective,
  });
}

/**
 * The same from what is kept of the teacher at the states of the data: K likeliest tokens of each, and all others as one. The teacher need
 * not be in memory.
 */
export async function distilOnKnown(
  run: StudentRun,
  nextTexts: () => readonly Trajectory[],
  settings: DistillationSettings,
  count: number,
): Promise<void> {
  const { student, bench } = run;
  const recipe = recipeOf(run);
  const known = await bench.teacherTopTokens({ count, temperature: settings.temperature }, student.actionCount);
  const { textsAtOnce } = recipe.memory;
  await trainOnBatches(bench.gpu, {
    ...recipe,
    store: student.store,
    async nextBatches() {
      const texts = nextTexts();
      const taught = await Promise.all(inGroups(texts, textsAtOnce).map((group) => known.lookUp(group)));
      const batches = packMicroBatches(bench.gpu, texts, student.layout, {}, textsAtOnce);
      return batches.map((batch, i) => ({ ...batch, ...taught[i] }));
    },
    players: { student },
    objective: distillationFromKnown(settings),
  });
}

/** Learns from pairs of texts: a step has so many of them that it reads as many texts as others do, rounded down. */
export async function learnFromPairs<Players extends { readonly student: LanguageModel }>(
  run: StudentRun,
  players: Players,
  objective: Objective<Players, PairBatch>,
  options: Omit<PairRoundOptions, "batchSize" | "heldOutShare">,
): Promise<void> {
  const { bench: { gpu }, student, distillation: { textsPerStep } } = run;
  const rounds = new PairRounds(run, { ...options, batchSize: Math.floor(textsPerStep / 2), heldOutShare: 0 });
  const recipe = recipeOf(run);
  await trainOnBatches(gpu, {
    ...recipe,
    store: student.store,
    async nextBatches(step) {
      await rounds.reach(step);
      return packPairMicroBatches(gpu, rounds.data.next(), student.layout, recipe.memory.textsAtOnce);
    },
    players,
    objective,
  });
}

/** DistiLLM: the scheduler decides whose texts a step takes, told the validation loss of every curve. */
export async function distilAdaptively(
  run: StudentRun,
  texts: Omit<DistillmTextSettings, "steps">,
  settings: DistillationSettings,
): Promise<void> {
  const { log, distillation: { steps } } = run;
  const source = new DistillmTexts(drawsOf(run), { ...texts, steps }, choicesOf(run));
  const next = nextTextsOf(run, source);
  const nextTexts = (step: number) => {
    log.set(step, "student_share", source.studentShare);
    return next(step);
  };
  await distilOn(run, nextTexts, settings, { onValidation: (loss) => source.observe(loss) });
}
