import type { KernelTime } from "#kernels/runtime/profile.ts";
import type { BenchRow } from "#lib/speed/benchmarks.ts";
import { groupOf, rowNames, SHAPES, type ShapesName } from "#lib/speed/catalog.ts";
import type { ComparedRow } from "#lib/speed/comparison.ts";
import { BEST_PRODUCT } from "#lib/speed/groups.ts";

const NAME_WIDTH = 26;

/** One line of a row's figures. */
export function formatRow(row: BenchRow): string {
  const { name, ms, cpuMs, samples, gflops, gbPerSecond, ratio, tokensPerSecond } = row;
  const { decodingShare, timesGkd, timesDecoder } = row;
  const figures = [
    `${formatMs(ms)} ms`,
    `${formatMs(cpuMs)} ms of CPU`,
    gflops === undefined ? "" : `${gflops.toFixed(1)} GFLOP/s`,
    gbPerSecond === undefined ? "" : `${gbPerSecond.toFixed(1)} GB/s`,
    ratio === undefined ? "" : `ratio ${ratio.toFixed(2)}`,
    tokensPerSecond === undefined ? "" : `${tokensPerSecond.toFixed(0)} tokens/s`,
    decodingShare === undefined ? "" : `${(100 * decodingShare).toFixed(0)}% of it decoding`,
    timesGkd === undefined ? "" : `${timesGkd.toFixed(2)} times GKD's`,
    timesDecoder === undefined ? "" : `${timesDecoder.toFixed(2)} times a decoder-only step's by FLOP`,
    samples === 1 ? "1 sample" : `${samples} samples`,
  ];
  return `${name.padEnd(NAME_WIDTH)} ${figures.filter((figure) => figure !== "").join(", ")}`;
}

/** One line of a comparison, or its heading. */
export function formatComparedRow(row?: ComparedRow): string {
  const columns = row === undefined ? ["old ms", "new ms", "ratio", "old CPU", "new CPU", "ratio", "samples"] : [
    ...[formatMs(row.oldMs), formatMs(row.newMs), row.ratio.toFixed(2)],
    ...[formatMs(row.oldCpuMs), formatMs(row.newCpuMs), row.cpuRatio.toFixed(2)],
    `${row.oldSamples}+${row.newSamples}`,
  ];
  return `${(row?.name ?? "").padEnd(NAME_WIDTH)}${columns.map((column) => column.padStart(9)).join("")}`;
}

/** Milliseconds to three digits; times of a dispatch are far below one. */
function formatMs(ms: number): string {
  return ms >= 100 ? ms.toFixed(0) : ms.toPrecision(3);
}

/** The names of all rows, with a line each. */
export function formatList(): string {
  return (Object.keys(SHAPES) as ShapesName[]).flatMap((shapes) => [
    `--shapes ${shapes}${shapes === "reference" ? " (default)" : ""}`,
    ...rowNames(shapes).map((name) => {
      const summary = name === BEST_PRODUCT
        ? "the best of the products below"
        : groupOf(shapes, name).rows[name].summary;
      return `  ${name.padEnd(NAME_WIDTH)} ${summary}`;
    }),
  ]).join("\n");
}

/** A table of the kernels' times in a training step. */
export function formatKernelTimes(times: readonly KernelTime[]): string {
  const total = times.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0);
  const line = (name: string, ...columns: readonly string[]) =>
    `${name.padEnd(NAME_WIDTH)} ${columns.map((column) => column.padStart(10)).join(" ")}`;
  const rows = times.map(({ kernel, elapsedMs, dispatches }) =>
    line(kernel, elapsedMs.toFixed(2), `${(100 * elapsedMs / total).toFixed(1)}%`, String(dispatches))
  );
  return [line("kernel", "ms a step", "share", "dispatches"), ...rows, line("all", total.toFixed(2))].join("\n");
}
