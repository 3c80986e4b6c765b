import { defineElementwise, elementwiseGrid } from "../runtime/elementwise.ts";
import type { Gpu } from "../runtime/gpu.ts";
import { elementCount, type Shape, type Tensor } from "../runtime/tensor.ts";
import { narrow, NARROW_FORMS, type NarrowForm } from "./narrow.ts";
import wgsl from "./widen.wgsl" with { type: "text" };

const allKernel = defineElementwise("widen", wgsl, "all");
const rowsKernel = defineElementwise("widen.rows", wgsl, "rows");

/** A tensor that is kept in fewer bits, for weights that do not learn. */
export interface NarrowTensor {
  readonly form: NarrowForm;
  readonly shape: Shape;
  /** u32: the numbers one after another, the first in the lowest bits. */
  readonly words: Tensor;
  /** One a row of the last axis, of `int8` alone. */
  readonly scales?: Tensor;
}

/**
 * Puts numbers on the GPU in fewer bits (`narrow`). The caller releases the tensors.
 *
 * @throws {RangeError} as `narrow` does
 */
export function uploadNarrow(gpu: Gpu, values: Float32Array, shape: Shape, form: NarrowForm): NarrowTensor {
  const { words, scales } = narrow(values, shape.at(-1)!, form);
  return { form, shape, words: gpu.upload(words), scales: scales && gpu.upload(scales) };
}

export function releaseNarrow(gpu: Gpu, { words, scales }: NarrowTensor): void {
  gpu.release(words);
  if (scales) gpu.release(scales);
}

/** The numbers as f32, exactly those that were rounded to the form: a new tensor of the same shape. */
export function widen(gpu: Gpu, tensor: NarrowTensor): Tensor {
  const out = gpu.allocate(tensor.shape);
  run(gpu, allKernel, tensor, { out }, elementCount(tensor.shape));
  return out;
}

/**
 * The same of the rows `ids` (`"N"` u32, each below V) of a table `"V C"` → `"N C"`.
 *
 * @param blocks of the table's rows, in their order
 */
export function widenRows(gpu: Gpu, blocks: readonly NarrowTensor[], ids: Tensor): Tensor {
  const numbers = gpu.allocate([ids.shape[0], blocks[0].shape[1]]);
  let first = 0;
  for (const block of blocks) {
    run(gpu, rowsKernel, block, { ids, numbers }, elementCount(numbers.shape), { first, rows: block.shape[0] });
    first += block.shape[0];
  }
  return numbers;
}

function run(
  gpu: Gpu,
  kernel: typeof allKernel,
  { form, words, scales, shape }: NarrowTensor,
  bindings: Readonly<Record<string, Tensor>>,
  count: number,
  params: Readonly<Record<string, number>> = {},
): void {
  const { constants, workgroups } = elementwiseGrid(gpu, Math.ceil(count / 4));
  gpu.dispatch(kernel, {
    // Forms without scales do not read them.
    bindings: { words, scales: scales ?? words, ...bindings },
    params: { count, size: shape.at(-1)!, first: 0, rows: 0, ...params },
    constants: { ...constants, FORM: NARROW_FORMS.indexOf(form) },
    workgroups,
  });
}
