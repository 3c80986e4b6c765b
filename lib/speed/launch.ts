import type { Gpu } from "#kernels/runtime/gpu.ts";
import { scale } from "#kernels/elementwise/scale/scale.ts";
import { disposing, ramp } from "./tensors.ts";
import type { Work } from "./work.ts";

const DISPATCHES = 512;

/** A copy from buffer to buffer, of `count` numbers. */
export function copyWork(gpu: Gpu, count: number): Work {
  const [source, target] = [ramp(gpu, [count]), gpu.allocate([count])];
  return {
    size: { bytes: 2 * 4 * count },
    run: () => gpu.copy(source, target),
    ...disposing(gpu, [source, target]),
  };
}

/** Dispatches of next to no work, one after the other in one pass: what each of them costs. */
export function fillWork(gpu: Gpu): Work {
  const x = ramp(gpu, [4]);
  const run = () => {
    for (let i = 0; i < DISPATCHES; i++) gpu.release(scale.forward(gpu, { x }, { factor: 2 }).out);
  };
  return { size: { units: DISPATCHES }, run, ...disposing(gpu, [x]) };
}

/** Submitting next to no work, and waiting for it. */
export function awaitWork(gpu: Gpu): Work {
  const x = ramp(gpu, [4]);
  const run = async () => {
    gpu.release(scale.forward(gpu, { x }, { factor: 2 }).out);
    await gpu.settle();
  };
  return { size: {}, run, ...disposing(gpu, [x]) };
}
