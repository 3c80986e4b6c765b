import { concat } from "#kernels/concat/concat.ts";
import { embedding } from "#kernels/embedding/embedding.ts";
import { mapNamed, type Named } from "#kernels/op.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import { BYTES_PER_ELEMENT, elementCount, type Tensor } from "#kernels/runtime/tensor.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";

/** A model's view of n states: last hidden states `"n C"` and next-token logits `"n V"`. */
export interface States {
  readonly hidden: Variable;
  readonly logits: Variable;
}

/** A model and what it makes of the N states of a batch. */
export interface Seen {
  readonly model: Pick<LanguageModel, "actionCount" | "logits">;
  /** Last hidden states, `"N C"` */
  readonly hidden: Variable;
  /** Next-token logits `"N V"`, where they are known; they must fit. */
  readonly logits?: Variable;
  /** Whether no gradient flows through the logits; default false. */
  readonly held?: boolean;
}

/** Vectors by name, `"n"`. */
export type Vectors = Readonly<Record<string, Variable | undefined>>;

/**
 * Some terms of n states, written on a tape.
 *
 * @param states of the models
 * @param rows what else there is to know of these states, n numbers each, or n rows of them
 * @returns vectors `"n"` that it has made
 */
export type TermsOfStates<Player extends string, Row extends string, Terms extends Vectors> = (
  tape: Tape,
  states: Named<Player, States>,
  rows: Named<Row, Tensor>,
) => Terms;

/**
 * The N states of a batch as some models see them. Losses are made of terms of single states, so that heads and terms run over some of the
 * states at a time where the logits `"N V"` would not fit (`Tuning.logitsBytes`), and once more in backward. The terms are the same to
 * the bit if at least 32 states fit, and gradients are added up over the groups.
 */
export class BatchStates<Player extends string> {
  readonly #tape: Tape;
  readonly #seen: Named<Player, Seen>;
  /** All of them with their logits, where these fit. */
  readonly #whole: Named<Player, States> | undefined;

  /** @throws {RangeError} if logits are given that do not fit */
  constructor(tape: Tape, seen: Named<Player, Seen>) {
    this.#tape = tape;
    this.#seen = seen;
    if (this.#count <= mostStates(tape.gpu, this.#actionCount)) {
      this.#whole = mapNamed(
        seen,
        ({ model, hidden, logits }) => ({ hidden, logits: logits ?? model.logits(tape, hidden) }),
      );
    } else if (Object.values<Seen>(seen).some(({ logits }) => logits)) {
      throw new RangeError(`Cannot take the logits of ${this.#count} states at once: they do not fit`);
    }
  }

  /**
   * Terms of every state → `"N"` each.
   *
   * @param rows what the terms need to know of the states, `"N"` each, or `"N K"`
   */
  each<Row extends string, Terms extends Vectors>(
    rows: Named<Row, Tensor>,
    terms: TermsOfStates<Player, Row, Terms>,
  ): Terms {
    if (this.#whole) return terms(this.#tape, this.#whole, rows);
    const parts = this.#groups(rows).map(({ ids, rows }) =>
      this.#tape.recomputed((part) => given(terms(part, this.#statesAt(part, ids), rows)))
    );
    return mapNamed(parts[0], (_, name) => joined(this.#tape, parts.map((part) => part[name]))) as Vectors as Terms;
  }

  /** The same states as they are now, on another tape: nothing learns through them. */
  heldOn(tape: Tape): BatchStates<Player> {
    return new BatchStates(
      tape,
      mapNamed(this.#seen, ({ model, hidden }, player) => ({
        model,
        hidden: tape.constant(hidden.value),
        held: true,
        logits: this.#whole && tape.constant(this.#whole[player].logits.value),
      })),
    );
  }

  get #count(): number {
    const [{ hidden }] = Object.values<Seen>(this.#seen);
    return hidden.value.shape[0];
  }

  get #actionCount(): number {
    return Math.max(...Object.values<Seen>(this.#seen).map(({ model }) => model.actionCount));
  }

  #statesAt(tape: Tape, ids: Tensor): Named<Player, States> {
    return mapNamed(this.#seen, ({ model, hidden: table, held }) => {
      const hidden = tape.apply(embedding, { table, ids: tape.constant(ids) }, {});
      const logits = model.logits(tape, hidden);
      return { hidden, logits: held ? tape.detach(logits) : logits };
    });
  }

  /** Which states are taken at once, and what is known of them. The tape owns the tensors, as backward asks for them again. */
  #groups<Row extends string>(rows: Named<Row, Tensor>): { readonly ids: Tensor; readonly rows: Named<Row, Tensor> }[] {
    const { gpu } = this.#tape;
    const groups = Math.ceil(this.#count / Math.max(1, mostStates(gpu, this.#actionCount)));
    // As large as one another, since kernels of very few rows add up in another order.
    const start = (group: number) => Math.floor(group * this.#count / groups);
    return Array.from({ length: groups }, (_, group) => {
      const first = start(group);
      const count = start(group + 1) - first;
      const ids = this.#tape.adopt(gpu.upload(Uint32Array.from({ length: count }, (_, i) => first + i)));
      return { ids, rows: mapNamed(rows, (row) => this.#tape.adopt(part(gpu, row, first, count))) };
    });
  }
}

/** Next-token logits of a student and its teacher, as distances of their policies take them. */
export function logitsOf(
  { student, teacher }: Named<"student" | "teacher", Pick<States, "logits">>,
): Named<"student" | "teacher", Variable> {
  return { student: student.logits, teacher: teacher.logits };
}

/** States whose logits fit into one buffer. */
export function mostStates({ tuning, bindingLimit }: Gpu, vocabSize: number): number {
  const bytes = Math.min(tuning.logitsBytes, bindingLimit);
  return Math.floor(bytes / (vocabSize * BYTES_PER_ELEMENT));
}

function given(terms: Vectors): Record<string, Variable> {
  return Object.fromEntries(Object.entries(terms).flatMap(([name, vector]) => vector ? [[name, vector]] : []));
}

/** A copy of `count` rows from `first` on: of the numbers of a vector, or rows of several. */
function part(gpu: Gpu, all: Tensor, first: number, count: number): Tensor {
  const [, ...row] = all.shape;
  const shape = [count, ...row];
  const copy = gpu.allocate(shape, all.dtype);
  gpu.copy({ ...all, shape, offset: all.offset + first * elementCount(row) * BYTES_PER_ELEMENT }, copy);
  return copy;
}

/** Vectors one after another. */
function joined(tape: Tape, vectors: readonly Variable[]): Variable {
  if (vectors.length === 1) return vectors[0];
  const middle = Math.ceil(vectors.length / 2);
  const [x, y] = [vectors.slice(0, middle), vectors.slice(middle)].map((half) => {
    const vector = joined(tape, half);
    return tape.reshape(vector, [1, vector.value.shape[0]]);
  });
  const both = tape.apply(concat, { x, y }, {});
  return tape.reshape(both, [both.value.shape[1]]);
}
