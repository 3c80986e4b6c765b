import type { SkippedRow } from "./benchmarks.ts";
import { SHAPES, type ShapesName } from "./catalog.ts";
import { BEST_PRODUCT } from "./groups.ts";
import { medianOf, type Sample, sampleByTurns } from "./sampling.ts";
import { type RemoteRow, RowError, type Stopwatch } from "./stopwatch_process.ts";

/** A row of two checkouts. Times are medians, in milliseconds of a unit. */
export interface ComparedRow {
  readonly name: string;
  readonly oldMs: number;
  readonly newMs: number;
  /** Old time over new: above 1 the new is faster. */
  readonly ratio: number;
  readonly oldCpuMs: number;
  readonly newCpuMs: number;
  /** The same of CPU time, the better measure of a CPU driver on a machine that is busy. */
  readonly cpuRatio: number;
  readonly oldSamples: number;
  readonly newSamples: number;
}

export interface ComparisonOptions {
  readonly shapes: ShapesName;
  /** The rows that are asked for; `matmul` stands for all of its products. */
  readonly names: readonly string[];
  /** Called often, with what is being measured. */
  readonly onProgress?: (what: string) => void;
  readonly onSkip?: (row: SkippedRow) => void;
}

/** Times rows of two checkouts, old and new by turns sample by sample; what either cannot run is left out. */
export async function* compareCheckouts(
  before: Stopwatch,
  after: Stopwatch,
  { shapes, names, onProgress = () => {}, onSkip = () => {} }: ComparisonOptions,
): AsyncGenerator<ComparedRow> {
  for (const group of SHAPES[shapes]) {
    const isWanted = (name: string) => names.includes(group.areProducts ? BEST_PRODUCT : name) || names.includes(name);
    for (const name of Object.keys(group.rows).filter(isWanted)) {
      onProgress(name);
      const opened = await openBoth(before, after, shapes, name);
      if ("reason" in opened) {
        onSkip(opened);
        continue;
      }
      await using old = opened.old;
      await using present = opened.present;
      await sampleByTurns([old, present], group.plan, { onTurn: () => onProgress(name) });
      yield comparedRow(name, old.samples, present.samples);
    }
  }
}

async function openBoth(
  before: Stopwatch,
  after: Stopwatch,
  shapes: ShapesName,
  name: string,
): Promise<{ readonly old: RemoteRow; readonly present: RemoteRow } | SkippedRow> {
  const old = await before.open(shapes, name).catch(failureOf);
  if ("reason" in old) return { name, reason: `old: ${old.reason}` };
  const present = await after.open(shapes, name).catch(failureOf);
  if (!("reason" in present)) return { old, present };
  await old[Symbol.asyncDispose]();
  return { name, reason: `new: ${present.reason}` };
}

function failureOf(error: unknown): { readonly reason: string } {
  if (error instanceof RowError) return { reason: error.message };
  throw error;
}

function comparedRow(name: string, oldSamples: readonly Sample[], newSamples: readonly Sample[]): ComparedRow {
  const [old, present] = [medianOf(oldSamples), medianOf(newSamples)];
  return {
    name,
    oldMs: old.ms,
    newMs: present.ms,
    ratio: old.ms / present.ms,
    oldCpuMs: old.cpuMs,
    newCpuMs: present.cpuMs,
    cpuRatio: old.cpuMs / present.cpuMs,
    oldSamples: oldSamples.length,
    newSamples: newSamples.length,
  };
}
