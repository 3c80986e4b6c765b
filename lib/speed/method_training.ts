import type { Gpu } from "#kernels/runtime/gpu.ts";
import { ANCESTRAL, generate } from "#lib/generation/generate.ts";
import { Critic } from "#lib/models/critic.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { distillation } from "#lib/objectives/distillation.ts";
import type { Distance } from "#lib/objectives/distance.ts";
import { KnownStates } from "#lib/objectives/known_states.ts";
import { criticLogits, packTaughtPairs, type TaughtPairs } from "#lib/objectives/preference/value_rewards.ts";
import { RatioCritic } from "#lib/objectives/ratio_critic.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { HeldReward } from "#lib/training/held_reward.ts";
import {
  matchMoments,
  matchRatioMoments,
  type MomentMatchingSettings,
  type MomentTexts,
} from "#lib/training/match_moments.ts";
import { MeasureLog } from "#lib/training/measure_log.ts";
import { TextBatches } from "#lib/training/text_batches.ts";
import { trainOnTexts } from "#lib/training/train_on_texts.ts";

const MOMENTS: MomentMatchingSettings = {
  beta: 0.5,
  gamma: 1,
  features: "both",
  moments: "full",
  horizon: "immediate",
  baseline: "none",
  sftWeight: 0,
  criticSteps: 1,
  criticWarmupSteps: 0,
  criticLearningRateFactor: 10,
};
const HELD_MOMENTS = { ...MOMENTS, beta: 0, features: "teacher" } as const;

const OPTIMIZER = { optimizer: { betas: [0.9, 0.98], eps: 1e-8, weightDecay: 0.01 }, maxGradNorm: 1 } as const;
const FIT = { steps: 1, learningRate: 5e-3, betas: [0.9, 0.98], lookEvery: 1, patience: 1 } as const;

/** Who learns from whom, on what. */
export interface Training {
  /** The student as it is at the beginning of every run. */
  readonly start: LanguageModel;
  readonly student: LanguageModel;
  readonly teacher: LanguageModel;
  /** Those of the data; they pass for the teacher's own too. */
  readonly texts: readonly Trajectory[];
  /** Texts of a step. */
  readonly batch: number;
  /** Of the student's texts. */
  readonly writing: { readonly maxNewTokens: number; readonly eosId: number; readonly padId: number };
}

/** Runs of methods of distillation. Every run starts from the same student and texts. The models are disposed of with it. */
export class MethodTraining implements Disposable {
  readonly #gpu: Gpu;
  readonly #training: Training;
  readonly #teacherStates: KnownStates | undefined;
  readonly #made = new DisposableStack();
  #critics: readonly [Critic, Critic] | undefined;
  #held: { readonly critic: Critic; readonly held: HeldReward<TaughtPairs> } | undefined;

  private constructor(gpu: Gpu, training: Training, teacherStates: KnownStates | undefined) {
    [this.#gpu, this.#training, this.#teacherStates] = [gpu, training, teacherStates];
    for (const model of [training.start, training.student, training.teacher]) this.#made.use(model);
    this.#made.use(teacherStates);
  }

  static async open(gpu: Gpu, training: Training): Promise<MethodTraining> {
    return new MethodTraining(gpu, training, await KnownStates.of(gpu, training.teacher, training.texts));
  }

  /** Steps on a distance at the states of given texts; a step's texts are the student's where `isOnPolicy` says so. */
  async distil(steps: number, distance: Distance, isOnPolicy: (step: number) => boolean): Promise<void> {
    const [data, written] = [this.#batches("data"), this.#studentTexts()];
    const { student } = this.#players();
    await trainOnTexts(this.#gpu, {
      players: this.#players(),
      store: student.store,
      objective: distillation({ distance, kdRatio: 1, temperature: 1 }),
      nextTexts: async (step) => isOnPolicy(step) ? (await written(1))[0] : data(),
      ...this.#recipe(steps),
    });
  }

  /** Rounds of moment matching against critics that learn: a step of theirs on one batch, and one of the student on another. */
  async matchMoments(rounds: number): Promise<void> {
    const [offPolicyCritic, onPolicyCritic] = this.#critics ??= [this.#newCritic("both"), this.#newCritic("both")];
    await matchMoments(this.#gpu, {
      players: { ...this.#players(), offPolicyCritic, onPolicyCritic },
      texts: this.#momentTexts(),
      settings: MOMENTS,
      ...this.#recipe(rounds),
    });
  }

  /** Steps against the best response, which takes none of its own. */
  async matchRatioMoments(steps: number): Promise<void> {
    using critic = new RatioCritic(this.#gpu, { c: 0.5 });
    await matchRatioMoments(this.#gpu, {
      players: { ...this.#players(), critic },
      texts: this.#momentTexts(),
      settings: { ...MOMENTS, learnsScale: false },
      ...this.#recipe(steps),
    });
  }

  /** Rounds on the student's own texts against a critic that is held by two pairs, as MM PbKD has it; two more are held out of its fit. */
  async matchHeldMoments(rounds: number): Promise<void> {
    const { critic, held } = this.#held ??= await this.#fitted();
    await matchMoments(this.#gpu, {
      players: { ...this.#players(), offPolicyCritic: critic, onPolicyCritic: critic },
      texts: { offPolicy: () => [], data: () => [], onPolicy: this.#studentTexts() },
      settings: HELD_MOMENTS,
      held,
      ...this.#recipe(rounds),
    });
  }

  /** So many times, so many of the student's texts, and nothing else; all of them. */
  async generate(times: number, size: number): Promise<Trajectory[]> {
    const written = this.#studentTexts(size);
    this.#players();
    const texts: Trajectory[] = [];
    for (let i = 0; i < times; i++) texts.push(...(await written(1)).flat());
    return texts;
  }

  [Symbol.dispose](): void {
    this.#made[Symbol.dispose]();
  }

  /** Student and teacher, the student as it is at the beginning. */
  #players() {
    const { start, student, teacher } = this.#training;
    student.store.copyFrom(start.store);
    return { student, teacher };
  }

  #newCritic(features: "teacher" | "both"): Critic {
    const { student, teacher } = this.#training;
    const featureSize = teacher.config.hiddenSize + (features === "both" ? student.config.hiddenSize : 0);
    const config = { featureSize, vocabSize: student.actionCount, head: "linear", bound: "tanh" } as const;
    return this.#made.use(new Critic(this.#gpu, config, () => 0));
  }

  async #fitted() {
    const { teacher, texts } = this.#training;
    const critic = this.#newCritic("teacher");
    const pairOf = (i: number) => {
      const { prompt, response } = texts[i];
      return { prompt, texts: [response, texts[i + 1].response], label: 1 } as const;
    };
    const pairs = { fitting: [pairOf(0), pairOf(2)], heldOut: [pairOf(4), pairOf(6)] };
    const held = this.#made.use(
      new HeldReward(this.#gpu, {
        reward: {
          store: critic.store,
          pack: (some) => packTaughtPairs(this.#gpu, some, teacher),
          logits: (tape, batch) => criticLogits(tape, { critic, teacher }, batch, HELD_MOMENTS),
        },
        pairs: () => pairs,
        settings: { slackPerPair: 0.05, multiplierRate: 10 },
        fit: FIT,
      }),
    );
    await held.refit();
    return { critic, held };
  }

  #recipe(steps: number) {
    const schedule = { steps, learningRate: 1e-4, warmupSteps: 0, finalLearningRateFraction: 1 };
    return { schedule, ...OPTIMIZER, log: new MeasureLog(this.#gpu, "bench", steps) };
  }

  /** A batch in halves: texts of the teacher and of the student. */
  #momentTexts(): MomentTexts {
    const half = this.#training.batch / 2;
    return {
      offPolicy: this.#batches("off-policy", half),
      offPolicyStates: this.#teacherStates,
      onPolicy: this.#studentTexts(half),
      data: this.#batches("data"),
    };
  }

  #batches(purpose: string, size = this.#training.batch): () => readonly Trajectory[] {
    const batches = new TextBatches(this.#training.texts, size, new RandomStream(1, purpose));
    return () => batches.next();
  }

  #studentTexts(size = this.#training.batch): (batches: number) => Promise<readonly (readonly Trajectory[])[]> {
    const { student, writing } = this.#training;
    const nextBatch = this.#batches("prompts", size);
    let draw = 0;
    return async (batches) => {
      const prompts = Array.from({ length: batches }, nextBatch).flat().map(({ prompt }) => prompt);
      const keyed = prompts.map((promptIds, key) => ({ promptIds, key }));
      const settings = { ...ANCESTRAL, ...writing, seed: 1, purpose: `draw ${draw++}` };
      const responses = await generate(this.#gpu, student, keyed, settings);
      const texts = prompts.map((prompt, i) => ({ prompt, response: responses[i] }));
      return Array.from({ length: batches }, (_, i) => texts.slice(i * size, (i + 1) * size));
    };
  }
}
