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
  return run(gpu, allKernel, tensor, tensor.shape, {});
}

/** The same of the rows `ids` (`"N"` u32, each below V) of a table `"V C"` → `"N C"`. */
export function widenRows(gpu: Gpu, table: NarrowTensor, ids: Tensor): Tensor {
  return run(gpu, rowsKernel, table, [ids.shape[0], table.shape[1]], { ids });
}

function run(
  gpu: Gpu,
  kernel: typeof allKernel,
  { form, words, scales, shape }: NarrowTensor,
  outShape: Shape,
  inputs: Readonly<Record<string, Tensor>>,
): Tensor {
  const out = gpu.allocate(outShape);
  const count = elementCount(outShape);
  const { constants, workgroups } = elementwiseGrid(gpu, Math.ceil(count / 4));
  gpu.dispatch(kernel, {
    // Forms without scales do not read them.
    bindings: { words, scales: scales ?? words, ...inputs, out },
    params: { count, size: shape.at(-1)! },
    constants: { ...constants, FORM: NARROW_FORMS.indexOf(form) },
    workgroups,
  });
  return out;
}
