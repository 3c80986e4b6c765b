import type { Gpu, TypedArray } from "#kernels/runtime/gpu.ts";
import { elementCount, type Tensor } from "#kernels/runtime/tensor.ts";
import type { RandomStream } from "#lib/random/random_stream.ts";

/** The state of one part of a run: what JSON holds to the bit (numbers finite and not −0, nothing undefined), and tensors. */
export interface PartState<Values = unknown> {
  readonly values: Values;
  /** On the GPU, still the part's own: whoever saves them reads them. */
  readonly tensors?: Readonly<Record<string, Tensor>>;
}

/** The same as it was saved; one array for each tensor. */
export interface SavedPart<Values = unknown> {
  readonly values: Values;
  readonly arrays: Readonly<Record<string, TypedArray>>;
}

/** Something of a training run that changes from step to step, and can be put back to where it was in another run of the same kind. */
export interface Resumable<Values = unknown> {
  state(): PartState<Values>;
  /** @throws {RangeError} if what was saved cannot be of such a part */
  restore(saved: SavedPart<Values>): void;
}

/** The position of a random stream that nothing else keeps. */
export function positionOf(random: RandomStream): Resumable<number> {
  return { state: () => ({ values: random.position }), restore: ({ values }) => random.seek(values) };
}

/**
 * Overwrites tensors with the saved arrays of the same names.
 *
 * @throws {RangeError} if one is missing, too many or of another length; then nothing is written
 */
export function writeSaved(
  gpu: Gpu,
  tensors: Readonly<Record<string, Tensor>>,
  arrays: Readonly<Record<string, TypedArray>>,
): void {
  const names = Object.keys(tensors);
  const unknown = Object.keys(arrays).find((name) => !Object.hasOwn(tensors, name));
  if (unknown !== undefined) throw new RangeError(`it has no array ${unknown}; its arrays are ${names.join(", ")}`);
  for (const name of names) {
    const count = elementCount(tensors[name].shape);
    if (!Object.hasOwn(arrays, name)) throw new RangeError(`its array ${name}, of ${count} numbers, is missing`);
    const { length } = arrays[name];
    if (length !== count) throw new RangeError(`its array ${name} has ${length} numbers but must have ${count}`);
  }
  for (const name of names) gpu.write(tensors[name], arrays[name]);
}
