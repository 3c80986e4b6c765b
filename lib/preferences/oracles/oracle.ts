import type { RandomStream } from "#lib/random/random_stream.ts";
import type { Contest } from "../contest.ts";
import type { PreferencePair } from "../preference_pair.ts";

export const ORACLE_NAMES = ["metric", "judge", "teacherLogProb", "teacherWins"] as const;
export type OracleName = (typeof ORACLE_NAMES)[number];

/** Says which of two texts is better. */
export interface Oracle {
  readonly name: OracleName;
  /**
   * How much better the first text of each contest is than the second, in units of the oracle's own: negative where it is worse, 0 where
   * neither is better, undefined where the oracle is not to say.
   */
  differences(contests: readonly Contest[], stop?: AbortSignal): Promise<readonly (number | undefined)[]>;
}

export interface LabelSettings {
  /**
   * Noise of the labels, in units of the oracle's difference Δ: 0 labels every pair by the better text, and a tie 0.5. Above it, labels
   * are drawn as Bradley and Terry (1952) have it, P(first ≻ second) = σ(Δ / temperature), the inverse of the temperature being their
   * slope; a tie falls to either side.
   */
  readonly temperature: number;
  /** The round that drew the pairs, from 1. */
  readonly round: number;
}

export interface Labelled {
  readonly pairs: readonly PreferencePair[];
  /** Contests that the oracle was not to judge. */
  readonly unlabelled: number;
}

/**
 * Pairs with the labels that an oracle gives them.
 *
 * @param random what noisy labels are drawn from, one draw for each contest; hard labels take none
 * @throws {RangeError} if the temperature is negative, or a difference is no number
 * @throws {InputError} what the oracle does
 */
export async function labelContests(
  contests: readonly Contest[],
  oracle: Oracle,
  { temperature, round }: LabelSettings,
  random: RandomStream,
  stop?: AbortSignal,
): Promise<Labelled> {
  if (!(temperature >= 0 && temperature < Infinity)) {
    throw new RangeError(`Cannot label pairs: the temperature is ${temperature} but must be finite and ≥ 0`);
  }
  const differences = await oracle.differences(contests, stop);
  const pairs = contests.flatMap(({ prompt, texts }, i): PreferencePair[] => {
    const difference = differences[i];
    const draw = temperature > 0 ? random.uniform() : undefined;
    if (difference === undefined) return [];
    if (Number.isNaN(difference)) throw new RangeError(`Cannot label pair ${i}: ${oracle.name} gave no number`);
    const label = draw === undefined
      ? (Math.sign(difference) + 1) / 2
      : Number(draw < sigmoid(difference / temperature));
    return [{ prompt, texts, label, oracle: oracle.name, round }];
  });
  return { pairs, unlabelled: contests.length - pairs.length };
}

/** 1 / (1 + e^−x) */
function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
