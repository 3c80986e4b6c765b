import type { Gpu } from "#kernels/runtime/gpu.ts";
import { ANCESTRAL, generate } from "#lib/generation/generate.ts";
import { Critic } from "#lib/models/critic.ts";
import { Decoder } from "#lib/models/decoder.ts";
import { llamaConfig } from "#lib/models/llama_config.ts";
import { distillation } from "#lib/objectives/distillation.ts";
import type { Distance } from "#lib/objectives/distance.ts";
import { KnownStates } from "#lib/objectives/known_states.ts";
import { RatioCritic } from "#lib/objectives/ratio_critic.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import {
  matchMoments,
  matchRatioMoments,
  type MomentMatchingSettings,
  type MomentTexts,
} from "#lib/training/match_moments.ts";
import { MeasureLog } from "#lib/training/measure_log.ts";
import { TextBatches } from "#lib/training/text_batches.ts";
import { trainOnTexts } from "#lib/training/train_on_texts.ts";

const [VOCAB, EOS, PAD] = [288, 1, 0];
/** Texts of a step. */
export const BATCH = 16;
const [TEXTS, PROMPT_TOKENS, MAX_NEW_TOKENS] = [128, 12, 32];
const STUDENT_HIDDEN = 64;
/** Responses end after each token with this probability: 7 tokens on average, the longest of 16 some 20. */
const END_PROBABILITY = 1 / 7;
/** A component that every token has, far above what the layers add to it, and how much more of it the end of a text has. */
const [COMMON_COMPONENT, MORE_AT_THE_END] = [8, 0.55];

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

const OPTIMIZER = { optimizer: { betas: [0.9, 0.98], eps: 1e-8, weightDecay: 0.01 }, maxGradNorm: 1 } as const;

/**
 * Methods at the sizes of profile `tiny`: a student of 116 and a teacher of 631 thousand parameters, batches of 16 random texts
 * of 12 + some 7 tokens, and a student whose texts end as theirs do. Every run starts from the same student and texts.
 */
export class TinyTraining implements Disposable {
  readonly #gpu: Gpu;
  readonly #start: Decoder;
  readonly #student: Decoder;
  readonly #teacher: Decoder;
  readonly #critics: readonly [Critic, Critic];
  readonly #texts: readonly Trajectory[];
  /** Its own texts' in a run; here the random ones pass for them. */
  #teacherStates: KnownStates | undefined;

  private constructor(gpu: Gpu) {
    const random = new RandomStream(1, "tiny training");
    const sizes = { vocabSize: VOCAB, maxPositions: PROMPT_TOKENS + MAX_NEW_TOKENS };
    const critic = { featureSize: STUDENT_HIDDEN + 128, vocabSize: VOCAB, head: "linear", bound: "tanh" } as const;
    const newStudent = () =>
      new Decoder(
        gpu,
        llamaConfig({ ...sizes, hiddenSize: STUDENT_HIDDEN, numLayers: 2, numHeads: 2 }),
        () => random.normal(),
      );
    this.#gpu = gpu;
    this.#start = newStudent();
    this.#student = newStudent();
    this.#teacher = new Decoder(
      gpu,
      llamaConfig({ ...sizes, hiddenSize: 128, numLayers: 3, numHeads: 4 }),
      () => random.normal(),
    );
    this.#critics = [new Critic(gpu, critic, () => random.normal()), new Critic(gpu, critic, () => random.normal())];
    this.#texts = Array.from({ length: TEXTS }, () => randomText(random));
  }

  static async open(gpu: Gpu): Promise<TinyTraining> {
    const training = new TinyTraining(gpu);
    training.#teacherStates = await KnownStates.of(gpu, training.#teacher, training.#texts);
    await endTexts(gpu, training.#start);
    return training;
  }

  /** Steps on a distance at the states of given texts; a step's texts are the student's where `isOnPolicy` says so. */
  async distil(steps: number, distance: Distance, isOnPolicy: (step: number) => boolean): Promise<void> {
    const [data, written] = [this.#batches("data"), this.#studentTexts()];
    this.#student.store.copyFrom(this.#start.store);
    await trainOnTexts(this.#gpu, {
      players: { student: this.#student, teacher: this.#teacher },
      store: this.#student.store,
      objective: distillation({ distance, kdRatio: 1, temperature: 1 }),
      nextTexts: async (step) => isOnPolicy(step) ? (await written(1))[0] : data(),
      ...this.#training(steps),
    });
  }

  /** Rounds of moment matching against critics that learn: a step of theirs on one batch, and one of the student on another. */
  async matchMoments(rounds: number): Promise<void> {
    const [offPolicyCritic, onPolicyCritic] = this.#critics;
    this.#student.store.copyFrom(this.#start.store);
    await matchMoments(this.#gpu, {
      players: { student: this.#student, teacher: this.#teacher, offPolicyCritic, onPolicyCritic },
      texts: this.#momentTexts(),
      settings: MOMENTS,
      ...this.#training(rounds),
    });
  }

  /** Steps against the best response, which takes none of its own. */
  async matchRatioMoments(steps: number): Promise<void> {
    using critic = new RatioCritic(this.#gpu, { c: 0.5 });
    this.#student.store.copyFrom(this.#start.store);
    await matchRatioMoments(this.#gpu, {
      players: { student: this.#student, teacher: this.#teacher, critic },
      texts: this.#momentTexts(),
      settings: { ...MOMENTS, learnsScale: false },
      ...this.#training(steps),
    });
  }

  /** So many times, so many of the student's texts, and nothing else; all of them. */
  async generate(times: number, size: number): Promise<Trajectory[]> {
    const written = this.#studentTexts(size);
    this.#student.store.copyFrom(this.#start.store);
    const texts: Trajectory[] = [];
    for (let i = 0; i < times; i++) texts.push(...(await written(1)).flat());
    return texts;
  }

  [Symbol.dispose](): void {
    this.#teacherStates?.[Symbol.dispose]();
    for (const model of [this.#start, this.#student, this.#teacher, ...this.#critics]) model[Symbol.dispose]();
  }

  #training(steps: number) {
    const schedule = { steps, learningRate: 1e-4, warmupSteps: 0, finalLearningRateFraction: 1 };
    return { schedule, ...OPTIMIZER, log: new MeasureLog(this.#gpu, "bench", steps) };
  }

  /** A batch in halves: texts of the teacher and of the student. */
  #momentTexts(): MomentTexts {
    return {
      offPolicy: this.#batches("off-policy", BATCH / 2),
      offPolicyStates: this.#teacherStates,
      onPolicy: this.#studentTexts(BATCH / 2),
      data: this.#batches("data"),
    };
  }

  #batches(purpose: string, size = BATCH): () => readonly Trajectory[] {
    const batches = new TextBatches(this.#texts, size, new RandomStream(1, purpose));
    return () => batches.next();
  }

  #studentTexts(size = BATCH): (batches: number) => Promise<readonly (readonly Trajectory[])[]> {
    const nextBatch = this.#batches("prompts", size);
    let draw = 0;
    return async (batches) => {
      const prompts = Array.from({ length: batches }, nextBatch).flat().map(({ prompt }) => prompt);
      const keyed = prompts.map((promptIds, key) => ({ promptIds, key }));
      const stream = { seed: 1, purpose: `draw ${draw++}` };
      const settings = { ...ANCESTRAL, maxNewTokens: MAX_NEW_TOKENS, eosId: EOS, padId: PAD, ...stream };
      const responses = await generate(this.#gpu, this.#student, keyed, settings);
      const texts = prompts.map((prompt, i) => ({ prompt, response: responses[i] }));
      return Array.from({ length: batches }, (_, i) => texts.slice(i * size, (i + 1) * size));
    };
  }
}

/**
 * Has a model end its texts after each token with some `END_PROBABILITY`, by its embedding, which is its head too: with a component
 * that all tokens have in common, the last hidden states have it whatever the text, and the token with more of it gains a
 * constant. Fine-tuning on the texts comes to the same, but takes a hundred steps.
 */
async function endTexts(gpu: Gpu, { store }: Decoder): Promise<void> {
  const embedding = store.get("model.embed_tokens.weight").value;
  const values = (await store.read()).get("model.embed_tokens.weight")!;
  for (let token = 0; token < VOCAB; token++) values[token * STUDENT_HIDDEN] = COMMON_COMPONENT;
  values[EOS * STUDENT_HIDDEN] += MORE_AT_THE_END;
  gpu.write(embedding, values);
}

function randomText(random: RandomStream): Trajectory {
  const token = () => 2 + random.integer(VOCAB - 2);
  const response: number[] = [];
  while (response.length < MAX_NEW_TOKENS && response.at(-1) !== EOS) {
    response.push(random.uniform() < END_PROBABILITY ? EOS : token());
  }
  return { prompt: Array.from({ length: PROMPT_TOKENS }, token), response };
}
