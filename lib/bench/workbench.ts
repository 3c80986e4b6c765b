import type { Gpu } from "#kernels/runtime/gpu.ts";
import { ANCESTRAL, type TokenMixture } from "#lib/generation/generate.ts";
import { newModel } from "#lib/models/checkpoint.ts";
import { copyOptionsOf } from "#lib/models/model_weights.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { KnownStates } from "#lib/objectives/known_states.ts";
import type { KnownTopTokens } from "#lib/objectives/known_top_tokens.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { Checkpoint } from "#lib/training/checkpoint.ts";
import { MeasureLog } from "#lib/training/measure_log.ts";
import { TextBatches } from "#lib/training/text_batches.ts";
import type { RunContext, WorkProgress } from "./experiment.ts";
import { fineTuned, type TrainedModel } from "./fine_tuning.ts";
import type { Profile } from "./profile.ts";
import { sharedMade, teacherMade } from "./shared_made.ts";
import { knownTopTokens, type TopTokenChoice } from "./teacher_top_tokens.ts";
import { respond, type TextProgress, type Watched } from "./responses.ts";
import type { Task } from "./task.ts";
import type { PromptSet, Texts } from "./texts.ts";

/**
 * What the cells of a task share: texts, one teacher, one SFT student a seed, the teacher's own texts. Each is made when a cell first
 * asks for it.
 */
export class Workbench {
  readonly gpu: Gpu;
  readonly profile: Profile;
  readonly task: Task;
  readonly texts: Texts;
  readonly #context: RunContext;
  readonly #described = new Map<string, object>();

  private constructor({ context, task, texts }: { context: RunContext; task: Task; texts: Texts }) {
    this.gpu = context.gpu;
    this.profile = task.profile;
    this.task = task;
    this.texts = texts;
    this.#context = context;
  }

  /** The workbench of a task in a run, the same for every experiment of it. */
  static open(context: RunContext, task: Task): Promise<Workbench> {
    return context.once(`workbench of ${task.name}`, async () => {
      const texts = await context.once(`${task.corpus}: texts`, () => task.readTexts());
      return new Workbench({ context, task, texts });
    });
  }

  /** Says what is being done, for a person to follow. */
  readonly say = (message: string): void => this.#context.say(message);

  /** Describes data beside the task's own that its cells have read, for provenance. */
  describe(data: string, description: object): void {
    this.#described.set(data, description);
  }

  /** Descriptions of that data by its name. */
  get descriptions(): Readonly<Record<string, object>> {
    return Object.fromEntries(this.#described);
  }

  /** Tells how far the training of a thing is, by its log. */
  progress(what: string, step: number, steps: number, log: MeasureLog): void {
    const [unit, loss, tokens] = ["step" as const, log.latest("loss"), log.takeTokens()];
    this.#context.progress({ what, unit, done: step, all: steps, loss, tokens });
  }

  /** Tells how far texts are that are written or read, or the steps of a fit, by the name of the work. */
  readonly progressOf = (what: string, unit: WorkProgress["unit"] = "text"): TextProgress => (done, all) =>
    this.#context.progress({ what, unit, done, all });

  /** Ends what takes long between two parts of it, when the run is to stop. */
  get stop(): AbortSignal {
    return this.#context.stop;
  }

  /** Gives the cell's model to whoever wants it. */
  async handOver(model: LanguageModel): Promise<void> {
    await this.#context.handOver?.({ gpu: this.gpu, model, texts: this.texts });
  }

  /** Where the run of the cell is saved, and goes on from. */
  cellCheckpoint(): Checkpoint {
    return new Checkpoint(this.gpu, this.#context.cellSnapshots());
  }

  /** The training records that students see the answers of; the teacher is trained on all. */
  get studentRecords(): readonly Trajectory[] {
    return this.texts.train.slice(0, this.task.records);
  }

  /** Makes a thing that tasks of one corpus share when it is first asked for. */
  #onceOfCorpus<Thing>(name: string, make: () => Promise<Thing>): Promise<Thing> {
    return this.#context.once(`${this.task.corpus}: ${name}`, make);
  }

  /** @throws {RangeError} if only its texts are known */
  teacher(): Promise<TrainedModel> {
    if (this.task.teacherTexts) {
      throw new RangeError(`Cannot open the teacher of ${this.task.name}: only its texts are known`);
    }
    const { training, seed } = this.profile.teacher;
    return this.#context.trained(
      this.#teacherThing,
      teacherMade(this.task),
      async (snapshots) => {
        // What students have left waiting would be beside it.
        if (this.task.keepsTeacherApart) await this.gpu.trim();
        return await this.#fineTuned({ role: "teacher", texts: this.texts.train, training, seed, snapshots });
      },
    );
  }

  /**
   * Gives the teacher's memory back where the task keeps it apart: before a student trains. Whoever asks for it afterwards reads it anew.
   */
  async partFromTeacher(): Promise<void> {
    if (!this.task.keepsTeacherApart) return;
    const teacher = await this.#context.forget<TrainedModel>(this.#teacherThing);
    if (!teacher) return;
    teacher.model[Symbol.dispose]();
    await this.gpu.trim();
  }

  get #teacherThing() {
    return { owner: this.task.corpus, what: "teacher" };
  }

  /** Its likeliest tokens at the states of the data that students see, in a file that other runs find, too. @param vocabSize V */
  teacherTopTokens(choice: TopTokenChoice, vocabSize: number): Promise<KnownTopTokens> {
    const { count, temperature } = choice;
    const name = `${this.task.name}: ${count} likeliest tokens of the teacher at temperature ${temperature}`;
    return this.#context.once(name, async () => {
      await this.#dependOnTexts();
      return await knownTopTokens(this, choice, vocabSize);
    });
  }

  /** The student fine-tuned on the data, from which every distilled one starts. */
  sftStudent(seed: number): Promise<TrainedModel> {
    const { student: { training }, evaluation: { logEvery } } = this.profile;
    const thing = { owner: this.task.name, what: "sft", seed };
    const { records } = this.task;
    const settings = {
      student: this.profile.student,
      evaluation: { logEvery },
      ...(records === undefined ? {} : { records }),
    };
    return this.#context.trained(
      thing,
      sharedMade(this.task, settings),
      async (snapshots) => {
        await this.partFromTeacher();
        return await this.#fineTuned({ role: "student", texts: this.studentRecords, training, seed, snapshots });
      },
    );
  }

  /** A copy of the SFT student, for a method to train on. */
  async studentFromSft(seed: number): Promise<LanguageModel> {
    const { model } = await this.sftStudent(seed);
    const student = newModel(this.gpu, model.config, undefined, copyOptionsOf(model));
    student.store.copyFrom(model.store);
    return student;
  }

  /**
   * The teacher's texts, which are those of every method and seed: the ones that are known, or one sample for each of the first training
   * prompts, drawn once, τ ~ π*.
   */
  teacherTexts(): Promise<readonly Trajectory[]> {
    if (this.task.teacherTexts) return Promise.resolve(this.task.teacherTexts);
    const thing = { owner: this.task.corpus, what: "teacher texts" };
    const { teacher, distillation: { teacherTexts }, evaluation: { logEvery, batchSize } } = this.profile;
    const made = sharedMade(this.task, {
      teacher,
      distillation: { teacherTexts },
      evaluation: { logEvery, batchSize },
    });
    return this.#context.kept(thing, made, async () => {
      const prompts = this.texts.train.slice(0, this.profile.distillation.teacherTexts).map(({ prompt }) => prompt);
      const texts = await this.#sampleTeacher(prompts, "teacher texts");
      await this.partFromTeacher();
      return texts;
    });
  }

  /** What the teacher makes of its own texts, where it fits into memory. */
  teacherStates(): Promise<KnownStates | undefined> {
    return this.#onceOfCorpus("teacher states", async () => {
      const { model } = await this.teacher();
      return await KnownStates.of(this.gpu, model, await this.teacherTexts());
    });
  }

  /** The prompts that curves are taken on, the first of the validation set. */
  get heldOut(): PromptSet {
    const { validation } = this.texts;
    return { ...validation, prompts: validation.prompts.slice(0, this.profile.evaluation.curvePrompts) };
  }

  /** The held-out prompts with their reference answers: what a validation loss is taken on. */
  get heldOutTexts(): readonly Trajectory[] {
    return this.heldOut.prompts.map((prompt) => ({
      prompt: prompt.promptIds,
      response: this.texts.answerIds(prompt).slice(0, this.profile.data.maxNewTokens),
    }));
  }

  /** The teacher's texts on the held-out prompts, drawn once. */
  heldOutTeacherTexts(): Promise<readonly Trajectory[]> {
    const prompts = this.heldOut.prompts.map(({ promptIds }) => promptIds);
    return this.#onceOfCorpus("held-out teacher texts", () => this.#sampleTeacher(prompts, "held-out teacher texts"));
  }

  /** Batches of so many texts, in an order of the seed and purpose. */
  batchesOf(
    texts: readonly Trajectory[],
    size: number,
    { seed, purpose }: { readonly seed: number; readonly purpose: string },
  ): TextBatches<Trajectory> {
    return new TextBatches(texts, size, new RandomStream(seed, purpose));
  }

  /** Samples the model's responses to prompts; the purpose and seed decide the draws. */
  respond(
    model: LanguageModel,
    prompts: readonly (readonly number[])[],
    seed: number,
    purpose: string,
    mixture?: TokenMixture,
  ): Promise<Trajectory[]> {
    return this.#respond(model, prompts, seed, { purpose, mixture });
  }

  log(method: string, seed: number): MeasureLog {
    return new MeasureLog(this.gpu, `${method}, seed ${seed}`, this.profile.evaluation.logEvery);
  }

  async #fineTuned(model: Parameters<typeof fineTuned>[1]): Promise<TrainedModel> {
    await this.#dependOnTexts();
    return await fineTuned(this, model);
  }

  async #sampleTeacher(prompts: readonly (readonly number[])[], purpose: string): Promise<readonly Trajectory[]> {
    await this.#dependOnTexts();
    const { model } = await this.teacher();
    this.say(`teacher: ${prompts.length} ${purpose}`);
    const progress = this.progressOf(purpose);
    return await this.#respond(model, prompts, this.profile.teacher.seed, { purpose, stop: this.stop, progress });
  }

  /** Notes that what is being made depends on all that the texts were made of: it may be kept for another run, and they are not. */
  async #dependOnTexts(): Promise<void> {
    await this.#onceOfCorpus("texts", () => this.task.readTexts());
  }

  #respond(
    model: LanguageModel,
    prompts: readonly (readonly number[])[],
    seed: number,
    { mixture, ...writing }: { readonly purpose: string; readonly mixture?: TokenMixture } & Watched,
  ): Promise<Trajectory[]> {
    const { data, evaluation } = this.profile;
    const settings = { ...ANCESTRAL, maxNewTokens: data.maxNewTokens, seed, ...writing };
    return respond(this.gpu, model, this.texts, prompts, settings, evaluation.batchSize, mixture);
  }
}
