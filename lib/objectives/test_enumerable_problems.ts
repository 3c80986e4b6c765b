import fc from "fast-check";
import { RandomStream } from "#lib/random/random_stream.ts";
import { EnumerableMdp, softmax, type Table } from "./enumerable_mdp.ts";

/** A problem that is enumerated, and two policies for it. */
export interface EnumerableProblem {
  readonly mdp: EnumerableMdp;
  /** Any table of numbers by state and action: rewards, or values. */
  readonly table: Table;
  readonly teacher: Table;
  readonly student: Table;
}

/** Problems of every small size, with random tables and policies. @param stream the name of their random numbers */
function problemsOf(stream: string): fc.Arbitrary<EnumerableProblem> {
  return fc.record({
    vocabSize: fc.integer({ min: 2, max: 4 }),
    horizon: fc.integer({ min: 1, max: 4 }),
    gamma: fc.double({ min: 0.1, max: 1, noNaN: true }),
    seed: fc.nat(1000),
  }).map(({ seed, ...sizes }) => {
    const mdp = new EnumerableMdp(sizes);
    const random = new RandomStream(seed, stream);
    const table = () =>
      Array.from({ length: mdp.stateCount }, () => Array.from({ length: mdp.vocabSize }, () => random.normal()));
    return { mdp, table: table(), teacher: table().map(softmax), student: table().map(softmax) };
  });
}

/** Checks a law on 30 such problems. */
export function holdsOnProblems(stream: string, law: (problem: EnumerableProblem) => void): void {
  fc.assert(fc.property(problemsOf(stream), law), { numRuns: 30, seed: 1 });
}
