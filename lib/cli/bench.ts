import { Gpu } from "#kernels/runtime/gpu.ts";
import {
  type BenchmarkName,
  BENCHMARKS,
  benchMatmul,
  type BenchRow,
  profileTrainStep,
  runBenchmarks,
} from "#lib/benchmark/benchmarks.ts";
import { expectKnown } from "#lib/experiment/suggestion.ts";
import { visibleJson } from "#lib/reporting/visible_text.ts";
import { defineCommand } from "./command.ts";
import type { Terminal } from "./terminal.ts";

export const bench = defineCommand({
  name: "bench",
  summary: `measures speed: ${BENCHMARKS.join(", ")}`,
  positional: { name: "NAME", kind: "text", min: 0 },
  flags: {
    json: { kind: "switch", help: "prints JSON" },
    profile: { kind: "switch", help: "times every kernel of the training step instead, by the GPU's timestamps" },
  },
  async run({ positional, flags }, { terminal }) {
    if (flags.profile) {
      await printProfile(terminal);
      return 0;
    }
    for (const name of positional) expectKnown("benchmark", name, BENCHMARKS);
    const names = positional.length === 0 ? BENCHMARKS : BENCHMARKS.filter((name) => positional.includes(name));
    await printBenchmarks(names, flags.json, terminal);
    return 0;
  },
});

async function printProfile(terminal: Terminal): Promise<void> {
  await using gpu = await Gpu.open({ profile: true });
  const times = await profileTrainStep(gpu);
  const total = times.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0);
  terminal.print(
    `${"kernel".padEnd(26)} ${"ms a step".padStart(10)} ${"share".padStart(6)} ${"dispatches".padStart(11)}`,
  );
  for (const { kernel, elapsedMs, dispatches } of times) {
    const share = `${(100 * elapsedMs / total).toFixed(1)}%`;
    terminal.print(
      `${kernel.padEnd(26)} ${elapsedMs.toFixed(2).padStart(10)} ${share.padStart(6)} ${
        String(dispatches).padStart(11)
      }`,
    );
  }
  terminal.print(`${"all".padEnd(26)} ${total.toFixed(2).padStart(10)}`);
}

/** Runs the named benchmarks (the matmul rate always: ratios are taken to it) and prints a line each, or JSON. */
async function printBenchmarks(names: readonly BenchmarkName[], json: boolean, terminal: Terminal): Promise<void> {
  await using gpu = await Gpu.open();
  const rows: BenchRow[] = [];
  const print = (row: BenchRow) => {
    rows.push(row);
    if (!json) terminal.print(formatRow(row));
  };
  const matmul = await benchMatmul(gpu);
  const device = gpu.adapterInfo.description || gpu.adapterInfo.vendor;
  if (!json) {
    terminal.print(`${device}; medians; ratio = time over what the same FLOPs take at the matmul rate of this run`);
  }
  if (names.includes("matmul")) print(matmul);
  for await (const row of runBenchmarks(gpu, names, matmul.gflops)) print(row);
  if (json) terminal.print(visibleJson({ device, matmulGflops: matmul.gflops, rows }, 2));
}

export function formatRow(row: BenchRow): string {
  const { name, ms, gflops, ratio, tokensPerSecond, awaits, decodingShare, timesGkd, timesDecoder } = row;
  const figures = [
    `${ms.toFixed(ms < 10 ? 2 : 0)} ms`,
    gflops === undefined ? "" : `${gflops.toFixed(1)} GFLOP/s`,
    ratio === undefined ? "" : `ratio ${ratio.toFixed(2)}`,
    tokensPerSecond === undefined ? "" : `${tokensPerSecond.toFixed(0)} tokens/s`,
    awaits === undefined ? "" : `${awaits.toFixed(2)} awaits of the GPU a step`,
    decodingShare === undefined ? "" : `${(100 * decodingShare).toFixed(0)}% of it decoding`,
    timesGkd === undefined ? "" : `${timesGkd.toFixed(2)} times GKD's`,
    timesDecoder === undefined ? "" : `${timesDecoder.toFixed(2)} times a decoder-only step's by FLOP`,
  ];
  return `${name.padEnd(26)} ${figures.filter((figure) => figure !== "").join(", ")}`;
}
