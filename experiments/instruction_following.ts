/**
 * Question: does matching moments adversarially (AMMD) teach a student to follow instructions better than learning the teacher's
 * words (SFT) or its probabilities (KD)?
 *
 * Source: AMMD (Jia 2024), Table 1: ROUGE-L on five instruction sets, student from the SFT student.
 * Command: `deno task reproduce instruction_following`, 15 minutes on 2 cores with lavapipe; `--profile smoke`, 21 seconds.
 * Result: results/<profile>/instruction_following/{scores,curves}.csv, table.md. Recorded for `tiny`, average over the sets: teacher 60.0,
 * sft 30.3, sft_continued 33.6, kd 34.9, ammd 33.1, ammd_sft 37.9 (above sft_continued on each of three seeds).
 */
import type { CellResult, Experiment, ExperimentRun, RunContext } from "#lib/experiment/experiment.ts";
import { observer, type RunCritics } from "#lib/experiment/instruction_curves.ts";
import { InstructionWorkbench } from "#lib/experiment/instruction_workbench.ts";
import { Critic } from "#lib/models/critic.ts";
import type { Decoder } from "#lib/models/decoder.ts";
import { fineTuning, logitDistillation } from "#lib/objectives/supervised.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { adversarialLoop, type AdversarialSettings } from "#lib/training/adversarial_loop.ts";
import type { MeasureLog } from "#lib/training/measure_log.ts";
import { trainOnTexts } from "#lib/training/train_on_texts.ts";

/** A training run in progress: its student, its seed, and where its measures go. */
interface StudentRun {
  readonly student: Decoder;
  readonly seed: number;
  readonly log: MeasureLog;
}

type Method = (bench: InstructionWorkbench, run: StudentRun) => Promise<void>;

/** How each method trains a student that starts from SFT; the teacher and SFT themselves are trained by the workbench. */
const METHODS: Readonly<Record<string, Method>> = {
  sft_continued: continueFineTuning,
  kd: distil,
  ammd_off: (bench, run) => matchMoments(bench, run, "ammd_off", { beta: 1, sftWeight: 0 }),
  ammd_on: (bench, run) => matchMoments(bench, run, "ammd_on", { beta: 0, sftWeight: 0 }),
  ammd: (bench, run) => matchMoments(bench, run, "ammd", { sftWeight: 0 }),
  ammd_sft: (bench, run) => matchMoments(bench, run, "ammd_sft", {}),
};

export const instructionFollowing: Experiment = {
  name: "instruction_following",
  source: "AMMD, Table 1",
  description: "ROUGE-L on five instruction sets, of students distilled from one teacher",
  methods: ["teacher", "sft", ...Object.keys(METHODS)],
  async open(context: RunContext): Promise<ExperimentRun> {
    const bench = await InstructionWorkbench.open(context);
    return { cell: (method, seed) => trainAndScore(bench, method, seed), description: bench.texts.description };
  },
};

async function trainAndScore(bench: InstructionWorkbench, method: string, seed: number): Promise<CellResult> {
  if (method === "teacher" || method === "sft") {
    const { model, curves } = await (method === "teacher" ? bench.teacher() : bench.sftStudent(seed));
    return { ...await bench.score(model, seed), curves };
  }
  using student = await bench.studentFromSft(seed);
  const log = bench.log(method, seed);
  await METHODS[method](bench, { student, seed, log });
  return { ...await bench.score(student, seed), curves: log.rows };
}

/** Cross-entropy on the data for as many further steps as the distilled students take: the fair baseline. */
async function continueFineTuning(bench: InstructionWorkbench, { student, seed, log }: StudentRun): Promise<void> {
  await trainOnTexts(bench.gpu, {
    ...studentTraining(bench, "sft_continued", { student, seed, log }),
    players: { student },
    objective: fineTuning,
  });
}

/** The teacher's next-token probabilities at the states of the data. */
async function distil(bench: InstructionWorkbench, { student, seed, log }: StudentRun): Promise<void> {
  const { model: teacher } = await bench.teacher();
  await trainOnTexts(bench.gpu, {
    ...studentTraining(bench, "kd", { student, seed, log }),
    players: { student, teacher },
    objective: logitDistillation(bench.profile.kd),
  });
}

function studentTraining(bench: InstructionWorkbench, name: string, { student, seed, log }: StudentRun) {
  const { distillation, optimizer } = bench.profile;
  return {
    store: student.store,
    nextTexts: bench.batchesOf(bench.texts.train, seed, "distillation data"),
    schedule: bench.schedule(distillation),
    optimizer: bench.optimizer,
    maxGradNorm: optimizer.maxGradNorm,
    log,
    onStep: observer(bench, { name, seed, steps: distillation.steps, student, log }),
  };
}

/** AMMD Algorithm 1, with the profile's settings but for what sets its variants apart. */
async function matchMoments(
  bench: InstructionWorkbench,
  { student, seed, log }: StudentRun,
  name: string,
  variant: Partial<Pick<AdversarialSettings, "beta" | "sftWeight">>,
): Promise<void> {
  const { gpu, profile } = bench;
  const settings: AdversarialSettings = { ...profile.ammd, ...variant };
  const { model: teacher } = await bench.teacher();
  const [offPolicyCritic, onPolicyCritic] = ["off-policy critic", "on-policy critic"].map((purpose) => {
    const { features, head, bound } = profile.ammd;
    const sizes = { student: student.config.hiddenSize, teacher: teacher.config.hiddenSize };
    const featureSize = features === "both" ? sizes.student + sizes.teacher : sizes[features];
    const random = new RandomStream(seed, purpose);
    return new Critic(gpu, { featureSize, vocabSize: bench.texts.vocabSize, head, bound }, () => random.normal());
  });
  const critics: RunCritics = { offPolicyCritic, onPolicyCritic, settings };
  await adversarialLoop(gpu, {
    players: { student, teacher, ...critics },
    texts: await adversarialTexts(bench, { student, seed, log }),
    settings,
    schedule: bench.schedule(profile.distillation),
    optimizer: bench.optimizer,
    maxGradNorm: profile.optimizer.maxGradNorm,
    log,
    onStep: observer(bench, { name, seed, steps: profile.distillation.steps, student, log, critics }),
  });
  offPolicyCritic[Symbol.dispose]();
  onPolicyCritic[Symbol.dispose]();
}

/** Teacher texts (or the data's), the student's own continuations of fresh prompts, and the data. */
async function adversarialTexts(bench: InstructionWorkbench, { student, seed }: StudentRun) {
  const { train } = bench.texts;
  const fromTeacher = bench.profile.ammd.offPolicySource === "teacher";
  const prompts = bench.batchesOf(train, seed, "on-policy prompts");
  let draw = 0;
  return {
    offPolicy: bench.batchesOf(fromTeacher ? await bench.teacherTexts() : train, seed, "off-policy texts"),
    data: bench.batchesOf(train, seed, "distillation data"),
    onPolicy: () => bench.respond(student, prompts().map(({ prompt }) => prompt), seed, `on-policy draw ${draw++}`),
  };
}
