import type { Gpu } from "#kernels/runtime/gpu.ts";
import { ANCESTRAL } from "#lib/generation/generate.ts";
import { Tape, type Variable } from "#lib/autograd/tape.ts";
import type { Critic } from "#lib/models/critic.ts";
import { Decoder } from "#lib/models/decoder.ts";
import { llamaConfig } from "#lib/models/decoder_config.ts";
import {
  criticView,
  type MomentBatch,
  type MomentSettings,
  offPolicyMoment,
  onPolicyMoment,
} from "#lib/objectives/moment_matching.ts";
import { policyDistance } from "#lib/objectives/policy_distance.ts";
import { statesOfBoth } from "#lib/objectives/states.ts";
import { fineTuning } from "#lib/objectives/supervised.ts";
import { packTrajectories, releaseBatch, type Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import type { AdamWHyperparameters } from "#lib/training/adam_w.ts";
import { MeasureLog } from "#lib/training/measure_log.ts";
import type { Schedule } from "#lib/training/schedule.ts";
import { textBatches } from "#lib/training/text_batches.ts";
import { trainOnTexts } from "#lib/training/train_on_texts.ts";
import type { CellResult, CellScore, RunContext, SampleResponse } from "./experiment.ts";
import { respond, scoreResponses, textOf } from "./instruction_evaluation.ts";
import { type InstructionTexts, readInstructionTexts } from "./instruction_texts.ts";
import type { ModelSettings, Profile, TrainingSettings } from "./profile.ts";

const SAMPLES_PER_SET = 2;

/** The critics of a run, where it has them: their moments on held-out prompts are part of its curves. */
export interface RunCritics {
  readonly offPolicyCritic: Critic;
  readonly onPolicyCritic: Critic;
  readonly settings: MomentSettings;
}

/**
 * What the cells of an instruction-following table share: texts, one teacher, one SFT student a seed, the teacher's own texts.
 * Each is made when a cell first asks for it.
 */
export class InstructionWorkbench {
  readonly gpu: Gpu;
  readonly profile: Profile;
  readonly texts: InstructionTexts;
  readonly #say: (message: string) => void;
  readonly #sftStudents = new Map<number, Promise<TrainedModel>>();
  #teacher: Promise<TrainedModel> | undefined;
  #teacherTexts: Promise<readonly Trajectory[]> | undefined;
  #heldOutTeacherTexts: Promise<readonly Trajectory[]> | undefined;

  private constructor({ gpu, profile, say }: RunContext, texts: InstructionTexts) {
    this.gpu = gpu;
    this.profile = profile;
    this.texts = texts;
    this.#say = say;
  }

  static async open(context: RunContext): Promise<InstructionWorkbench> {
    return new InstructionWorkbench(context, await readInstructionTexts(context.profile.data, context.dataFolder));
  }

  get optimizer(): AdamWHyperparameters {
    const { betas, weightDecay } = this.profile.optimizer;
    return { betas: [betas[0], betas[1]], eps: 1e-8, weightDecay };
  }

  schedule({ steps, learningRate, warmupSteps }: TrainingSettings): Schedule {
    const { finalLearningRateFraction } = this.profile.optimizer;
    return { steps, learningRate, warmupSteps, finalLearningRateFraction };
  }

  teacher(): Promise<TrainedModel> {
    const { teacher } = this.profile;
    return this.#teacher ??= this.#fineTuned("teacher", teacher.model, teacher.training, teacher.seed);
  }

  /** The student fine-tuned on the data, from which every distilled one starts. */
  sftStudent(seed: number): Promise<TrainedModel> {
    let student = this.#sftStudents.get(seed);
    if (!student) {
      const { model, training } = this.profile.student;
      this.#sftStudents.set(seed, student = this.#fineTuned("sft", model, training, seed));
    }
    return student;
  }

  /** A copy of the SFT student, for a method to train on. */
  async studentFromSft(seed: number): Promise<Decoder> {
    const { model } = await this.sftStudent(seed);
    const student = this.#newModel(this.profile.student.model, () => 0);
    student.store.copyFrom(model.store);
    return student;
  }

  /** One sample of the teacher for each of the first training prompts, drawn once: τ ~ π* of every method and seed. */
  teacherTexts(): Promise<readonly Trajectory[]> {
    return this.#teacherTexts ??= this.#sampleTeacher(
      this.texts.train.slice(0, this.profile.distillation.teacherTexts).map(({ prompt }) => prompt),
      "teacher texts",
    );
  }

  /** Batches of texts, in an order of the seed and purpose. */
  batchesOf(texts: readonly Trajectory[], seed: number, purpose: string): () => readonly Trajectory[] {
    const batches = textBatches(texts, this.profile.optimizer.batchSize, new RandomStream(seed, purpose));
    return () => batches.next().value;
  }

  /** Samples the model's responses to prompts; the purpose and seed decide the draws. */
  respond(
    model: Decoder,
    prompts: readonly (readonly number[])[],
    seed: number,
    purpose: string,
  ): Promise<Trajectory[]> {
    const { data, evaluation } = this.profile;
    const settings = { ...ANCESTRAL, maxNewTokens: data.maxNewTokens, seed, purpose };
    return respond(this.gpu, model, this.texts, prompts, settings, evaluation.batchSize);
  }

  log(method: string, seed: number): MeasureLog {
    return new MeasureLog(this.gpu, `instruction_following ${method}, seed ${seed}`, this.profile.evaluation.logEvery);
  }

  /** Follows a training run: validation scores and distances to the teacher every `curveEvery` steps, and what step it is at. */
  observer(
    name: string,
    seed: number,
    steps: number,
    model: Decoder,
    log: MeasureLog,
    critics?: RunCritics,
  ): (step: number) => Promise<void> {
    const { curveEvery } = this.profile.evaluation;
    return async (step) => {
      if (step > 0 && step % Math.max(1, Math.round(steps / 10)) === 0) {
        this.#say(`${name}, seed ${seed}: step ${step} of ${steps}`);
      }
      if (step % curveEvery === 0 || step === steps) await this.#observe(step, model, log, critics);
    };
  }

  /** Scores a trained model on every set, over all sampling seeds. */
  async score(model: Decoder, seed: number): Promise<Pick<CellResult, "scores" | "samples">> {
    const { temperature, topK, topP, samplingSeeds, batchSize } = this.profile.evaluation;
    const scores: CellScore[] = [];
    const samples: SampleResponse[] = [];
    for (const set of this.texts.evaluation) {
      const prompts = set.prompts.map(({ promptIds }) => promptIds);
      let [rougeL, exactMatch] = [0, 0];
      for (const [i, samplingSeed] of samplingSeeds.entries()) {
        const purpose = `evaluation ${set.name} ${samplingSeed}`;
        const settings = { temperature, topK, topP, maxNewTokens: this.profile.data.maxNewTokens, seed, purpose };
        const responses = await respond(this.gpu, model, this.texts, prompts, settings, batchSize);
        const score = scoreResponses(this.texts, set, responses);
        rougeL += score.rougeL / samplingSeeds.length;
        exactMatch += score.exactMatch / samplingSeeds.length;
        if (i === 0) samples.push(...this.#samplesOf(set.name, responses));
      }
      const count = prompts.length;
      scores.push({ dataset: set.name, metric: "rouge_l", value: rougeL, count });
      scores.push({ dataset: set.name, metric: "exact_match", value: exactMatch, count });
    }
    return { scores, samples };
  }

  async #observe(step: number, model: Decoder, log: MeasureLog, critics?: RunCritics): Promise<void> {
    const { profile: { evaluation: { curvePrompts } }, texts: { validation } } = this;
    const set = { ...validation, prompts: validation.prompts.slice(0, curvePrompts) };
    const prompts = set.prompts.map(({ promptIds }) => promptIds);
    const responses = await this.respond(model, prompts, 0, "validation");
    log.set(step, "validation_rouge_l", scoreResponses(this.texts, set, responses).rougeL);
    log.set(step, "validation_response_tokens", mean(responses.map(({ response }) => response.length)));
    const { model: teacher } = await this.teacher();
    if (teacher === model) return;
    this.#heldOutTeacherTexts ??= this.#sampleTeacher(prompts, "held-out teacher texts");
    const offPolicy = packTrajectories(this.gpu, await this.#heldOutTeacherTexts, critics?.settings.gamma);
    const onPolicy = packTrajectories(this.gpu, responses, critics?.settings.gamma);
    using tape = new Tape(this.gpu);
    const measures = this.#distances(tape, { student: model, teacher }, { offPolicy, onPolicy }, critics);
    const names = Object.keys(measures);
    const values = await this.gpu.readAll(Object.values(measures).map(({ value }) => value));
    names.forEach((name, i) => log.set(step, `validation_${name}`, values[i][0]));
    releaseBatch(this.gpu, offPolicy);
    releaseBatch(this.gpu, onPolicy);
  }

  /** The student's distances to its teacher on texts of both, and with critics the moments that they find there. */
  #distances(
    tape: Tape,
    players: { readonly student: Decoder; readonly teacher: Decoder },
    { offPolicy, onPolicy }: Required<Pick<MomentBatch, "offPolicy" | "onPolicy">>,
    critics?: RunCritics,
  ): Record<string, Variable> {
    if (!critics) {
      const [off, on] = [offPolicy, onPolicy].map((batch) =>
        policyDistance(tape, statesOfBoth(tape, players, batch), batch)
      );
      return { two_tv_off: off.two_tv, two_tv_on: on.two_tv, entropy_on: on.entropy };
    }
    const { settings, offPolicyCritic, onPolicyCritic } = critics;
    const off = criticView(tape, players, offPolicyCritic, offPolicy, settings);
    const on = criticView(tape, players, onPolicyCritic, onPolicy, settings);
    const onPolicyDistance = policyDistance(tape, on, onPolicy);
    return {
      d_off: offPolicyMoment(tape, off, offPolicy, settings),
      d_on: onPolicyMoment(tape, on, onPolicy, settings),
      two_tv_off: policyDistance(tape, off, offPolicy).two_tv,
      two_tv_on: onPolicyDistance.two_tv,
      entropy_on: onPolicyDistance.entropy,
    };
  }

  async #fineTuned(
    name: string,
    sizes: ModelSettings,
    training: TrainingSettings,
    seed: number,
  ): Promise<TrainedModel> {
    const random = new RandomStream(seed, `${name} parameters`);
    const model = this.#newModel(sizes, () => random.normal());
    this.#say(`${name}, seed ${seed}: ${model.store.parameterCount} parameters, ${training.steps} steps`);
    const log = this.log(name, seed);
    const steps = training.steps;
    await trainOnTexts(this.gpu, {
      players: { student: model },
      store: model.store,
      objective: fineTuning,
      nextTexts: this.batchesOf(this.texts.train, seed, `${name} batches`),
      schedule: this.schedule(training),
      optimizer: this.optimizer,
      maxGradNorm: this.profile.optimizer.maxGradNorm,
      log,
      // The distances to the teacher are left to the end: a teacher has none, and an SFT student's are those of its descendants' start.
      onStep: (step) => {
        if (step > 0 && step % Math.max(1, Math.round(steps / 5)) === 0) {
          this.#say(`${name}, seed ${seed}: step ${step} of ${steps}`);
        }
        return Promise.resolve();
      },
    });
    return { model, curves: log.rows };
  }

  async #sampleTeacher(prompts: readonly (readonly number[])[], purpose: string): Promise<readonly Trajectory[]> {
    const { model } = await this.teacher();
    this.#say(`teacher: ${prompts.length} ${purpose}`);
    return await this.respond(model, prompts, this.profile.teacher.seed, purpose);
  }

  #newModel(sizes: ModelSettings, normalSource: () => number): Decoder {
    const { vocabSize, maxPositions } = this.texts;
    return new Decoder(this.gpu, llamaConfig({ ...sizes, vocabSize, maxPositions }), normalSource);
  }

  #samplesOf(dataset: string, responses: readonly Trajectory[]): SampleResponse[] {
    const set = this.texts.evaluation.find(({ name }) => name === dataset)!;
    return set.prompts.slice(0, SAMPLES_PER_SET).map(({ record }, i) => ({
      dataset,
      instruction: record.instruction,
      input: record.input,
      reference: record.references[0],
      response: textOf(this.texts, responses[i].response),
    }));
  }
}

/** A model and the curves of its training. */
export interface TrainedModel {
  readonly model: Decoder;
  readonly curves: MeasureLog["rows"];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
