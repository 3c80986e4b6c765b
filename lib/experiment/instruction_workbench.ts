import type { Gpu } from "#kernels/runtime/gpu.ts";
import { ANCESTRAL } from "#lib/generation/generate.ts";
import { Decoder } from "#lib/models/decoder.ts";
import { llamaConfig } from "#lib/models/decoder_config.ts";
import { fineTuning } from "#lib/objectives/supervised.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import type { AdamWHyperparameters } from "#lib/training/adam_w.ts";
import { MeasureLog } from "#lib/training/measure_log.ts";
import type { Schedule } from "#lib/training/schedule.ts";
import { textBatches } from "#lib/training/text_batches.ts";
import { trainOnTexts } from "#lib/training/train_on_texts.ts";
import type { CellResult, CellScore, RunContext, SampleResponse } from "./experiment.ts";
import { respond, scoreResponses, textOf } from "./instruction_evaluation.ts";
import { type InstructionTexts, type PromptSet, readInstructionTexts } from "./instruction_texts.ts";
import type { ModelSettings, Profile, TrainingSettings } from "./profile.ts";

const SAMPLES_PER_SET = 2;

/**
 * What the cells of an instruction-following table share: texts, one teacher, one SFT student a seed, the teacher's own texts.
 * Each is made when a cell first asks for it.
 */
export class InstructionWorkbench {
  readonly gpu: Gpu;
  readonly profile: Profile;
  readonly texts: InstructionTexts;
  /** Says what is being done, for a person to follow. */
  readonly say: (message: string) => void;
  readonly #sftStudents = new Map<number, Promise<TrainedModel>>();
  #teacher: Promise<TrainedModel> | undefined;
  #teacherTexts: Promise<readonly Trajectory[]> | undefined;
  #heldOutTeacherTexts: Promise<readonly Trajectory[]> | undefined;

  private constructor({ gpu, profile, say }: RunContext, texts: InstructionTexts) {
    this.gpu = gpu;
    this.profile = profile;
    this.texts = texts;
    this.say = say;
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

  /** The prompts that curves are taken on, the first of the validation set. */
  get heldOut(): PromptSet {
    const { validation } = this.texts;
    return { ...validation, prompts: validation.prompts.slice(0, this.profile.evaluation.curvePrompts) };
  }

  /** The teacher's texts on the held-out prompts, drawn once. */
  heldOutTeacherTexts(): Promise<readonly Trajectory[]> {
    return this.#heldOutTeacherTexts ??= this.#sampleTeacher(
      this.heldOut.prompts.map(({ promptIds }) => promptIds),
      "held-out teacher texts",
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

  async #fineTuned(
    name: string,
    sizes: ModelSettings,
    training: TrainingSettings,
    seed: number,
  ): Promise<TrainedModel> {
    const random = new RandomStream(seed, `${name} parameters`);
    const model = this.#newModel(sizes, () => random.normal());
    this.say(`${name}, seed ${seed}: ${model.store.parameterCount} parameters, ${training.steps} steps`);
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
          this.say(`${name}, seed ${seed}: step ${step} of ${steps}`);
        }
        return Promise.resolve();
      },
    });
    return { model, curves: log.rows };
  }

  async #sampleTeacher(prompts: readonly (readonly number[])[], purpose: string): Promise<readonly Trajectory[]> {
    const { model } = await this.teacher();
    this.say(`teacher: ${prompts.length} ${purpose}`);
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
