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

/** Median milliseconds of each run, over rounds in which each runs once, after one round that does not count. */
export async function mediansByTurns(
  gpu: Gpu,
  repeats: number,
  runs: readonly (() => Promise<void>)[],
): Promise<number[]> {
  const times = runs.map((): number[] => []);
  for (let round = -1; round < repeats; round++) {
    for (const [i, run] of runs.entries()) {
      await gpu.settle();
      const start = performance.now();
      await run();
      await gpu.settle();
      if (round >= 0) times[i].push(performance.now() - start);
    }
  }
  return times.map(median);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
