import type { Gpu } from "#kernels/runtime/gpu.ts";

/** Median milliseconds of `run` over `repeats` measurements after a warm-up; each waits for the GPU to finish. */
export async function medianMs(gpu: Gpu, repeats: number, run: () => Promise<void> | void): Promise<number> {
  const times: number[] = [];
  for (let i = -1; i < repeats; i++) {
    const start = performance.now();
    await run();
    await gpu.settle();
    if (i >= 0) times.push(performance.now() - start);
  }
  return median(times);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
