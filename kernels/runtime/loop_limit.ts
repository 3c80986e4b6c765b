import type { Gpu } from "./gpu.ts";

/** The share of an invocation's allowance that a loop takes: a round for every trip and all that it contains, and one to leave. */
export function loopRounds(trips: number, roundsInside = 0): number {
  return trips * (1 + roundsInside) + 1;
}

/**
 * Refuses work whose invocations would loop for longer than the driver allows: it would end their loops silently and
 * leave partial sums. The invocations of a SIMD vector loop together, so count the rounds of the longest one.
 *
 * @param rounds of all loops of one invocation together; constant trips up to 16 are unrolled and cost none
 * @throws {RangeError} if they are over `gpu.tuning.maxLoopRounds`
 */
export function requireLoopRounds(gpu: Pick<Gpu, "tuning">, op: string, sizes: string, rounds: number): void {
  const { maxLoopRounds } = gpu.tuning;
  if (rounds <= maxLoopRounds) return;
  throw new RangeError(
    `Cannot run ${op} with ${sizes}: an invocation would loop ${rounds} rounds, and this CPU driver ends loops after ` +
      `${maxLoopRounds}`,
  );
}
