import { embedding } from "#kernels/embedding/embedding.ts";
import type { Gpu, TypedArray } from "#kernels/runtime/gpu.ts";
import type { Shape, Tensor } from "#kernels/runtime/tensor.ts";
import { tanh } from "#kernels/elementwise/tanh/tanh.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import { ParameterStore, zeros } from "#lib/nn/parameter_store.ts";
import type { EnumerableMdp, Table } from "./enumerable_mdp.ts";
import { allAtOnce, type CriticViews } from "./critic_view.ts";
import type { ResponseRows } from "./moment_matching.ts";

/** f(s, a) = tanh φ(s, a), with a φ of its own for every state and action: |f| ≤ 1 is all that binds it. It starts as f = 0. */
export class TabularCritic implements Disposable {
  readonly store: ParameterStore;
  readonly #vocabSize: number;

  constructor(gpu: Gpu, { stateCount, vocabSize }: Pick<EnumerableMdp, "stateCount" | "vocabSize">) {
    this.#vocabSize = vocabSize;
    const table = { name: "table", shape: [stateCount, vocabSize], decayed: false, initial: zeros };
    this.store = new ParameterStore(gpu, [table], () => 0);
  }

  /** f of every state, `"S V"`. */
  values(tape: Tape): Variable {
    return tape.apply(tanh, { x: tape.parameter(this.store.get("table")) }, {});
  }

  /** f of every state on the CPU; its tanh is taken there, in double precision. */
  async read(): Promise<number[][]> {
    const flat = (await this.store.read()).get("table")!;
    const stateCount = flat.length / this.#vocabSize;
    return Array.from({ length: stateCount }, (_, state) => {
      const row = flat.subarray(state * this.#vocabSize, (state + 1) * this.#vocabSize);
      return Array.from(row, Math.tanh);
    });
  }

  [Symbol.dispose](): void {
    this.store[Symbol.dispose]();
  }
}

/** A trajectory of a problem, and its weight in an expectation: P(τ) where all are taken, 1 / B where B are sampled. */
export interface WeightedTrajectory {
  /** Its place among the problem's trajectories. */
  readonly index: number;
  readonly weight: number;
}

/** What the moments need of trajectories, and the state of every row. */
export interface TabularBatch extends ResponseRows {
  /** `"N"` u32: s_t */
  readonly states: Tensor;
}

/** Trajectories of a problem as the rows of a batch; the tape owns the tensors. */
export function tabularBatch(
  tape: Tape,
  mdp: EnumerableMdp,
  trajectories: readonly WeightedTrajectory[],
): TabularBatch {
  const upload = (values: TypedArray, shape?: Shape) => tape.adopt(tape.gpu.upload(values, shape));
  const weighted = (factor: (t: number) => number) =>
    Float32Array.from(
      trajectories.flatMap(({ weight }) => Array.from({ length: mdp.horizon }, (_, t) => weight * factor(t))),
    );
  const ends = trajectories.flatMap((_, i) => [i * mdp.horizon, (i + 1) * mdp.horizon]);
  return {
    states: upload(Uint32Array.from(trajectories.flatMap(({ index }) => mdp.states[index]))),
    actions: upload(Uint32Array.from(trajectories.flatMap(({ index }) => mdp.trajectories[index]))),
    weights: upload(weighted((t) => mdp.gamma ** t)),
    evenWeights: upload(weighted(() => 1)),
    rowSpans: upload(Uint32Array.from(ends), [trajectories.length, 2]),
  };
}

/** Both policies' logits and f at the states of a batch, from tables of every state; the tape owns the tensors. */
export function tabularViews(
  tape: Tape,
  { states }: TabularBatch,
  { teacher, student, f }: { readonly teacher: Table; readonly student: Table; readonly f: Variable },
): CriticViews {
  const constant = (table: Table) => {
    const shape = [table.length, table[0].length];
    return tape.constant(tape.adopt(tape.gpu.upload(Float32Array.from(table.flat()), shape)));
  };
  const atStates = (table: Variable) => tape.apply(embedding, { table, ids: tape.constant(states) }, {});
  return allAtOnce(tape, {
    teacher: { logits: atStates(constant(teacher)) },
    student: { logits: atStates(constant(student)) },
    values: atStates(f),
  });
}
