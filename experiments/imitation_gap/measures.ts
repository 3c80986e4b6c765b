import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tape } from "#lib/autograd/tape.ts";
import type { CellResult, CellScore } from "#lib/results/cell_result.ts";
import { EnumerableMdp, softmax, type Table } from "#lib/objectives/enumerable_mdp.ts";
import { offPolicyMoment, onPolicyMoment } from "#lib/objectives/moment_matching.ts";
import { tabularBatch, TabularCritic, tabularViews } from "#lib/objectives/tabular_critic.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { fitCritic } from "#lib/training/fit_critic.ts";
import { MeasureLog } from "#lib/training/measure_log.ts";
import type { ImitationGapSettings } from "./settings.ts";
import { DATASET, STUDENTS } from "./students.ts";

/** A student of a problem, and the problem by its seed. */
interface CellRun {
  readonly gpu: Gpu;
  readonly settings: ImitationGapSettings;
  readonly method: string;
  readonly seed: number;
}

/** The gap, moments and bounds of a student, by enumeration and by trained critics. */
export async function measureStudent(run: CellRun): Promise<CellResult> {
  const { gpu, settings, method, seed } = run;
  const { distance } = STUDENTS.find(({ name }) => name === method)!;
  const pair = drawPair(settings, distance, seed);
  const log = new MeasureLog(gpu, `imitation_gap ${method}, seed ${seed}`, settings.logEvery);
  const scores = [score("gap", gapOf(pair, pair.reward))];
  for (const side of sidesOf(pair)) scores.push(...boundsOf(pair, side, await trainCritic(run, pair, side, log)));
  return { scores, curves: log.rows, samples: [] };
}

/** A problem and two policies for it, as logits and as probabilities. */
interface Pair {
  readonly mdp: EnumerableMdp;
  readonly reward: Table;
  readonly logits: { readonly teacher: Table; readonly student: Table };
  readonly teacher: Table;
  readonly student: Table;
}

/** The problem of a seed, and the student at a distance from its teacher. */
function drawPair(settings: ImitationGapSettings, distance: number, seed: number): Pair {
  const mdp = new EnumerableMdp(settings);
  const random = new RandomStream(seed, "imitation gap");
  const uniform: number[][] = Array(mdp.stateCount).fill(Array(mdp.vocabSize).fill(1 / mdp.vocabSize));
  const draw = () => uniform.map((row) => row.map(() => random.normal()));
  const [reward, other] = [draw(), draw()];
  // One step of soft policy improvement over the uniform policy.
  const teacher = mdp.actionValues(uniform, reward);
  const student = teacher.map((row, state) => row.map((logit, a) => logit + distance * (other[state][a] - logit)));
  return { mdp, reward, logits: { teacher, student }, teacher: teacher.map(softmax), student: student.map(softmax) };
}

/** One of the two propositions, for a pair. */
interface Side {
  readonly name: "off" | "on";
  /** Whose texts the moment is taken on. */
  readonly visitor: Table;
  /** Whose Q makes the moment the imitation gap. */
  readonly valued: Table;
  /** E U(τ, f), by enumeration. */
  moment(f: Table): number;
  /** The same as critics are trained on it: on sampled texts. */
  readonly estimate: typeof offPolicyMoment;
}

function sidesOf({ mdp, teacher, student }: Pair): readonly Side[] {
  return [{
    name: "off",
    visitor: teacher,
    valued: student,
    moment: (f) => mdp.offPolicyMoment(f, teacher, student),
    estimate: offPolicyMoment,
  }, {
    name: "on",
    visitor: student,
    valued: teacher,
    moment: (f) => mdp.onPolicyMoment(f, teacher, student),
    estimate: onPolicyMoment,
  }];
}

/** J(π*) − J(π_θ) for a reward. */
function gapOf({ mdp, teacher, student }: Pair, reward: Table): number {
  return mdp.return(teacher, reward) - mdp.return(student, reward);
}

/** The scales c of the policy-ratio critics, tanh(c (log π* − log π_θ)), that are measured beside the trained one. */
const RATIO_SCALES = { half: 0.5, 8: 8 };

/** The gap as a moment, its bound, what critics find of the bound, and the gap of the reward that attains it. */
function boundsOf(pair: Pair, { name, visitor, valued, moment }: Side, critic: Table): CellScore[] {
  const { mdp, reward, teacher, student } = pair;
  const q = mdp.actionValues(valued, reward);
  const largestQ = Math.max(...q.flat().map(Math.abs));
  const worstQ = teacher.map((row, state) => row.map((p, a) => largestQ * Math.sign(p - student[state][a])));
  return [
    score(`gap_by_${name}_policy_q`, moment(q)),
    score(`sup_q_${name}`, largestQ),
    score(`bound_${name}_trained`, largestQ * moment(critic)),
    score(`bound_${name}_tv`, largestQ * mdp.twoTotalVariation(visitor, teacher, student)),
    score(`worst_gap_${name}`, gapOf(pair, mdp.rewardOf(valued, worstQ))),
    ...Object.entries(RATIO_SCALES).map(([label, c]) => {
      const f = teacher.map((row, state) => row.map((p, a) => Math.tanh(c * Math.log(p / student[state][a]))));
      return score(`bound_${name}_ratio_${label}`, largestQ * moment(f));
    }),
  ];
}

function score(metric: string, value: number): CellScore {
  return { dataset: DATASET, metric, value, count: 1 };
}

/** Ascends a critic on sampled texts, as in AMMD's Algorithm 1; logs which share of the supremum its moment has come to. */
async function trainCritic(
  { gpu, settings, seed }: CellRun,
  { mdp, logits, teacher, student }: Pair,
  { name, visitor, moment, estimate }: Side,
  log: MeasureLog,
): Promise<Table> {
  const { criticSteps, criticBatchSize, criticLearningRate, logEvery } = settings;
  using critic = new TabularCritic(gpu, mdp);
  const random = new RandomStream(seed, `${name}-policy texts`);
  const probabilities = mdp.probabilities(visitor);
  const drawText = () => ({
    index: random.weightedChoice([...probabilities.keys()], probabilities),
    weight: 1 / criticBatchSize,
  });
  const supremum = mdp.twoTotalVariation(visitor, teacher, student);
  const sampled = (tape: Tape) => {
    const batch = tabularBatch(tape, mdp, Array.from({ length: criticBatchSize }, drawText));
    return estimate(tape, tabularViews(tape, batch, { ...logits, f: critic.values(tape) }), batch, { moments: "full" });
  };
  await fitCritic(gpu, critic, sampled, {
    steps: criticSteps,
    learningRate: criticLearningRate,
    betas: [0.9, 0.999],
    async onStep(step) {
      if (supremum > 0 && (step % logEvery === 0 || step === criticSteps)) {
        log.set(step, `critic_share_${name}`, moment(await critic.read()) / supremum);
      }
    },
  });
  return await critic.read();
}
