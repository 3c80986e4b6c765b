import process from "node:process";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import { SHAPES, type ShapesName } from "./catalog.ts";
import { type BenchmarkRow, BEST_PRODUCT, COPY, type Group, type Relations, type Timing } from "./groups.ts";
import { type Clock, medianOf, type Sample, sampleByTurns, Sampler } from "./sampling.ts";
import { Shared, type Work } from "./work.ts";

/** A row of the results. Times are medians of samples, in milliseconds of one unit: a step, a product, a dispatch. */
export interface BenchRow extends Sample, Relations {
  readonly name: string;
  readonly samples: number;
  readonly gflops?: number;
  /** Bytes read and written, in GB/s. */
  readonly gbPerSecond?: number;
  /** Time over what the same FLOPs take at the best product's rate of this run, or the same bytes at the copy's. */
  readonly ratio?: number;
  readonly tokensPerSecond?: number;
}

/** The rates of this run that ratios are taken to. */
export interface Reference {
  /** GFLOP/s of the best product. */
  readonly matmulGflops: number;
  /** GB/s of the copy, read and written. */
  readonly copyGBs: number;
}

/** A row that this adapter cannot run. */
export interface SkippedRow {
  readonly name: string;
  readonly reason: string;
}

export interface BenchOptions {
  readonly shapes: ShapesName;
  /** The rows that are asked for. */
  readonly names: readonly string[];
  readonly clock?: Clock;
  /** Called often, with what is being measured. */
  readonly onProgress?: (what: string) => void;
  readonly onSkip?: (row: SkippedRow) => void;
  /** Called once, when both rates are known. */
  readonly onReference?: (reference: Reference) => void;
}

/** From then on a row gets one sample only, so that a slow machine is done in the time that a person waits. */
const LATE_MS = 40_000;

/** The clock of a device. */
export function clockOf(gpu: Gpu): Clock {
  return {
    now: () => performance.now(),
    cpuNow() {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    },
    settle: () => gpu.settle(),
  };
}

/**
 * Measures rows in their order, each group by turns. The copy and the products are always measured: the ratios are taken to them.
 */
export async function* runBenchmarks(gpu: Gpu, options: BenchOptions): AsyncGenerator<BenchRow> {
  const { shapes, names, clock = clockOf(gpu), onReference = () => {} } = options;
  const start = clock.now();
  const isLate = () => clock.now() - start > LATE_MS;
  const reference: { -readonly [K in keyof Reference]: Reference[K] } = { matmulGflops: 0, copyGBs: 0 };
  for (const group of SHAPES[shapes]) {
    const wanted = Object.keys(group.rows).filter((name) => names.includes(name));
    const measured = group.areProducts || COPY in group.rows ? Object.keys(group.rows) : withNeeds(group, wanted);
    const timings = await measureGroup(gpu, group, measured, { ...options, clock, isLate });
    const copied = timings.get(COPY);
    if (copied) reference.copyGBs = rateOf(copied.size.bytes, copied.ms)!;
    if (group.areProducts) {
      const best = bestProduct(timings);
      reference.matmulGflops = best.gflops;
      onReference(reference);
      if (best.gflops > 0 && names.includes(BEST_PRODUCT)) yield best;
    }
    for (const name of wanted) {
      const timing = timings.get(name);
      if (timing) yield rowOf(name, timing, reference, relationsOf(group.rows[name], timing, timings));
    }
  }
}

/** Names of a group's rows that are to be measured for some of them to be shown, in the group's order. */
export function withNeeds({ rows }: Group, wanted: readonly string[]): string[] {
  return Object.keys(rows).filter((name) =>
    wanted.some((asked) => asked === name || rows[asked].needs?.includes(name))
  );
}

interface MeasuringOptions extends BenchOptions {
  readonly clock: Clock;
  readonly isLate: () => boolean;
}

/** Measures rows of a group by turns; those that the adapter has no room for are left out. */
async function measureGroup(
  gpu: Gpu,
  { rows, plan }: Group,
  names: readonly string[],
  { clock, isLate, onProgress = () => {}, onSkip = () => {} }: MeasuringOptions,
): Promise<Map<string, Timing>> {
  using shared = new Shared();
  using works = new DisposableStack();
  const prepared = new Map<string, { readonly work: Work; readonly sampler: Sampler }>();
  for (const name of names) {
    onProgress(name);
    try {
      const work = works.use(await rows[name].open(gpu, shared));
      prepared.set(name, { work, sampler: await Sampler.prepare(work, clock, plan) });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      onSkip({ name, reason: error.message });
    }
  }
  const all = [...prepared];
  await sampleByTurns(all.map(([, { sampler }]) => sampler), plan, {
    isLate,
    onTurn: (turn) => onProgress(all[turn][0]),
  });
  return new Map(all.map(([name, { work: { size }, sampler: { samples } }]) => [
    name,
    { ...medianOf(samples), samples: samples.length, size },
  ]));
}

/** The fastest of some products, as the row `matmul`. Without any its rate is 0. */
export function bestProduct(timings: ReadonlyMap<string, Timing>): BenchRow & { readonly gflops: number } {
  let best = { name: BEST_PRODUCT, ms: Infinity, cpuMs: Infinity, samples: 0, gflops: 0 };
  for (const { ms, cpuMs, samples, size } of timings.values()) {
    const gflops = rateOf(size.flops, ms) ?? 0;
    if (gflops > best.gflops) best = { name: BEST_PRODUCT, ms, cpuMs, samples, gflops };
  }
  return best;
}

function relationsOf({ needs = [], relate }: BenchmarkRow, timing: Timing, others: ReadonlyMap<string, Timing>) {
  return needs.every((name) => others.has(name)) ? relate?.(timing, others) : undefined;
}

function rowOf(
  name: string,
  { ms, cpuMs, samples, size }: Timing,
  { matmulGflops, copyGBs }: Reference,
  relations: Relations = {},
): BenchRow {
  const [gflops, gbPerSecond] = [rateOf(size.flops, ms), rateOf(size.bytes, ms)];
  return {
    name,
    ms,
    cpuMs,
    samples,
    ...(gflops !== undefined && { gflops, ratio: matmulGflops / gflops }),
    ...(gbPerSecond !== undefined && { gbPerSecond, ratio: copyGBs / gbPerSecond }),
    ...(size.tokens !== undefined && { tokensPerSecond: size.tokens / ms * 1000 }),
    ...relations,
  };
}

/** 10⁹ a second. */
function rateOf(count: number | undefined, ms: number): number | undefined {
  return count === undefined ? undefined : count / ms / 1e6;
}
