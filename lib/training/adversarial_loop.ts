import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
import type { Tape } from "#lib/autograd/tape.ts";
import type { ParameterStore } from "#lib/nn/parameter_store.ts";
import { type Ascent, negatedSum } from "#lib/objectives/ascent.ts";
import type { ObjectiveValue } from "#lib/objectives/objective.ts";
import { releaseBatch, tokensOf, type TrajectoryBatch } from "#lib/objectives/trajectory_batch.ts";
import { AdamW, type AdamWHyperparameters } from "./adam_w.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { MeasureLog } from "./measure_log.ts";
import { learningRateAt, type Schedule } from "./schedule.ts";
import type { TrainingMemory } from "./training_memory.ts";
import { type Update, updateStep } from "./update_step.ts";

/** Texts of one step, each part under its name; the loop releases them after it. */
export type StepBatch = object;

/** Who descends: one step a round, once the warm-up is over. */
export interface Player<Batch extends StepBatch> {
  /** Names its part of a checkpoint. */
  readonly name: string;
  readonly store: ParameterStore;
  readonly optimizer: AdamWHyperparameters;
  readonly maxGradNorm: number;
  readonly schedule: Schedule;
  /** What it minimises, the adversaries standing still. */
  descent(tape: Tape, batch: Batch): ObjectiveValue;
  /** Who learns in the same step from the same tape, by terms of the loss that are theirs alone. */
  readonly companions?: readonly Companion[];
}

/** Who learns beside a player, at a rate of its own. */
export interface Companion {
  /** Names its part of a checkpoint. */
  readonly name: string;
  readonly store: ParameterStore;
  readonly optimizer: AdamWHyperparameters;
  /** Its learning rate as a multiple of the player's. */
  readonly learningRateFactor: number;
}

/**
 * Who ascends: some steps a round, all adversaries at once, while the player stands still. Its rate follows the player's warm-up and
 * decay through warm-up and player steps together.
 */
export interface Adversary<Batch extends StepBatch> extends Companion {
  /** What it maximises, the player and the other adversaries standing still. */
  ascent(tape: Tape, batch: Batch): Ascent;
  /** Called after each step of its, with the player's step that it leads to; 0 in the warm-up. What it gives is logged. */
  readonly onAscended?: (step: number) => Promise<Readonly<Record<string, Tensor>>>;
}

/** How those learn whose size is held by their bound, not by decay. */
export function undecayed(
  optimizer: AdamWHyperparameters,
  learningRateFactor: number,
): Pick<Companion, "optimizer" | "learningRateFactor"> {
  return { optimizer: { ...optimizer, weightDecay: 0 }, learningRateFactor };
}

/** Draws the texts of one round, all that the player writes at once, since it does not move while the adversaries do. */
export type RoundTexts<Batch extends StepBatch> = (
  /** How many steps of the adversaries, and whether the player steps as well. */
  round: { readonly adversarySteps: number; readonly playerSteps: boolean },
) => Promise<RoundBatches<Batch>>;

/** The batches of a round's steps, in their order: those of the adversaries, then the player's; each step's in micro-batches. */
export interface RoundBatches<Batch extends StepBatch> {
  adversaries(step: number): readonly Batch[];
  player(): readonly Batch[];
}

export interface AdversarialRun<Batch extends StepBatch> {
  readonly player: Player<Batch>;
  readonly adversaries: readonly Adversary<Batch>[];
  /** What measures call an adversary: `critic` logs `critic_loss` and `critic_grad_norm`. */
  readonly adversaryName: string;
  /** Ascent steps of the adversaries before each descent step of the player. */
  readonly adversarySteps: number;
  /** Rounds in which only the adversaries move, before the player first does. */
  readonly warmupRounds: number;
  readonly texts: RoundTexts<Batch>;
  readonly memory?: TrainingMemory;
  readonly log: MeasureLog;
  /** Called before the texts of a round are drawn, with the player's step that it leads to; 0 in the warm-up. */
  readonly onRound?: (step: number) => Promise<void>;
  /** Called before the player's first step (0) and after each. */
  readonly onStep?: (step: number) => Promise<void>;
  /** Where the run is saved after any round, warm-up included, and resumes from; what gives its texts is kept there too. */
  readonly checkpoint?: Checkpoint;
}

/** A min-max game of a player and its adversaries: each round the adversaries ascend, and then the player descends. */
export async function adversarialLoop<Batch extends StepBatch>(gpu: Gpu, run: AdversarialRun<Batch>): Promise<void> {
  const { player, adversaries, adversarySteps, warmupRounds, memory, log, checkpoint } = run;
  const { schedule } = player;
  using learners = new DisposableStack();
  const optimizerOf = ({ store, optimizer }: Pick<Player<Batch>, "store" | "optimizer">) =>
    learners.use(new AdamW(gpu, store, optimizer));
  const descending = optimizerOf(player);
  const learning = <Learner extends Companion>(learner: Learner) => ({ ...learner, optimizer: optimizerOf(learner) });
  const ascending = adversaries.map(learning);
  const companions = (player.companions ?? []).map(learning);
  const total = warmupRounds + schedule.steps;

  const parts = Object.fromEntries([...ascending, ...companions].map(({ name, optimizer }) => [name, optimizer]));
  const done = await checkpoint?.resume({ [player.name]: descending, ...parts, log }) ?? 0;
  for (let round = done; round < total; round++) {
    const step = Math.max(0, round - warmupRounds + 1);
    const rate = learningRateAt(round, { ...schedule, steps: total });
    const updates = ratesOf(ascending, rate);
    await run.onRound?.(step);
    const batches = await run.texts({ adversarySteps, playerSteps: step > 0 });
    for (let k = 0; k < adversarySteps; k++) {
      const parts = batches.adversaries(k);
      const terms = parts.map((batch) => (tape: Tape) =>
        negatedSum(tape, adversaries.map((each) => each.ascent(tape, batch)), `${run.adversaryName}_loss`)
      );
      const { grad_norm, ...measures } = await updateStep(gpu, updates, terms, memory);
      release(gpu, parts, log);
      log.add(step, { ...measures, [`${run.adversaryName}_grad_norm`]: grad_norm });
      for (const { onAscended } of adversaries) log.add(step, await onAscended?.(step) ?? {});
    }
    if (round === warmupRounds - 1) await log.flush();
    if (step === 1) await run.onStep?.(0);
    if (step > 0) {
      const parts = batches.player();
      const learningRate = learningRateAt(step - 1, schedule);
      const own = { optimizer: descending, learningRate, maxGradNorm: player.maxGradNorm };
      const beside = ratesOf(companions, learningRate);
      const terms = parts.map((batch) => (tape: Tape) => player.descent(tape, batch));
      const measures = await updateStep(gpu, [own, ...beside], terms, memory);
      release(gpu, parts, log);
      log.add(step, measures);
      await log.endStep(step);
      await run.onStep?.(step);
    }
    await checkpoint?.reached(round + 1, round + 1 === total);
  }
  await log.flush();
}

/** The updates of learners whose rates are multiples of one. */
function ratesOf(
  learners: readonly { readonly optimizer: AdamW; readonly learningRateFactor: number }[],
  rate: number,
): Update[] {
  return learners.map(({ optimizer, learningRateFactor }) => ({ optimizer, learningRate: rate * learningRateFactor }));
}

function release(gpu: Gpu, batches: readonly StepBatch[], log: MeasureLog): void {
  for (const batch of batches) {
    for (const part of Object.values<TrajectoryBatch | undefined>({ ...batch })) {
      if (!part) continue;
      log.countTokens(tokensOf(part));
      releaseBatch(gpu, part);
    }
  }
}
