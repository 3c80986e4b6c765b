import { Gpu } from "#kernels/runtime/gpu.ts";
import { runBenchmarks, type SkippedRow } from "#lib/speed/benchmarks.ts";
import { rowNames, SHAPES, type ShapesName } from "#lib/speed/catalog.ts";
import { compareCheckouts } from "#lib/speed/comparison.ts";
import { profileTrainStep } from "#lib/speed/profile.ts";
import { expectCheckout, StopwatchProcess } from "#lib/speed/stopwatch_process.ts";
import { expectKnown } from "#lib/bench/suggestion.ts";
import { visibleJson } from "#lib/visible_text.ts";
import { formatComparedRow, formatKernelTimes, formatList, formatRow } from "./bench_text.ts";
import { defineCommand } from "./command.ts";
import { formatDuration, ProgressLine } from "./progress_line.ts";
import type { Terminal } from "./terminal.ts";

const PROJECT = decodeURIComponent(new URL("../../", import.meta.url).pathname).replace(/\/$/, "");

export const bench = defineCommand({
  name: "bench",
  positional: { name: "NAME", kind: "text", min: 0 },
  flags: {
    json: { kind: "switch", help: "prints JSON" },
    shapes: {
      kind: "choice",
      value: "S",
      known: Object.keys(SHAPES),
      help: "the models of this project (default), GPT-2's layers for a GPU, or few tokens of them",
    },
    against: { kind: "path", value: "DIR", help: "compares another checkout of this project with this one, by turns" },
    list: { kind: "switch", help: "lists the names" },
    profile: { kind: "switch", help: "times every kernel of the training step instead, by the GPU's timestamps" },
  },
  async run({ positional, flags }, { terminal }) {
    const shapes = (flags.shapes ?? "reference") as ShapesName;
    if (flags.list) {
      terminal.print(formatList());
      return 0;
    }
    if (flags.profile) {
      await using gpu = await Gpu.open({ profile: true });
      terminal.print(formatKernelTimes(await profileTrainStep(gpu)));
      return 0;
    }
    const known = rowNames(shapes);
    for (const name of positional) expectKnown("benchmark", name, known);
    const names = positional.length === 0 ? known : known.filter((name) => positional.includes(name));
    const progress = new BenchProgress(terminal, names.length, flags.json);
    const run = { shapes, names, progress };
    const measured = await (flags.against === undefined ? measure(run) : compare(flags.against, run));
    progress.end();
    if (flags.json) terminal.print(visibleJson({ ...measured, skipped: progress.skipped }, 2));
    return 0;
  },
});

/** Shows each row as soon as it is measured, as a line unless JSON is printed at the end; progress goes to standard error. */
class BenchProgress extends ProgressLine {
  readonly skipped: SkippedRow[] = [];
  #rows = 0;
  readonly #print: (line: string) => void;
  readonly #total: number;
  readonly #start = performance.now();

  constructor(terminal: Terminal, total: number, json: boolean) {
    super({ terminal });
    this.#print = json ? () => {} : terminal.print;
    this.#total = total;
  }

  readonly onProgress = (what: string): void => {
    const done = `${this.#rows} of ${this.#total} rows`;
    this.update(() => `measuring ${what}; ${done}, ${formatDuration(performance.now() - this.#start)}`);
  };

  readonly onSkip = (row: SkippedRow): void => {
    this.skipped.push(row);
    this.note(`not measured: ${row.name}: ${row.reason}`);
  };

  /** Shows the rows as they come and returns them all. */
  async show<Row>(title: string, rows: AsyncIterable<Row>, format: (row: Row) => string): Promise<Row[]> {
    this.#print(title);
    const shown: Row[] = [];
    for await (const row of rows) {
      this.end();
      this.#print(format(row));
      this.#rows = shown.push(row);
    }
    return shown;
  }
}

interface BenchRun {
  readonly shapes: ShapesName;
  readonly names: readonly string[];
  readonly progress: BenchProgress;
}

async function measure({ shapes, names, progress }: BenchRun): Promise<object> {
  await using gpu = await Gpu.open();
  const device = gpu.adapterInfo.description || gpu.adapterInfo.vendor;
  const title = `${device}; medians; ratio = time over that of the same FLOPs at matmul's rate, or bytes at copy's`;
  const { onProgress, onSkip } = progress;
  let reference = {};
  const onReference = (rates: object) => reference = rates;
  const measured = runBenchmarks(gpu, { shapes, names, onProgress, onSkip, onReference });
  const rows = await progress.show(title, measured, formatRow);
  return { device, rows, ...reference };
}

async function compare(folder: string, { shapes, names, progress }: BenchRun): Promise<object> {
  await expectCheckout(folder);
  await using before = await StopwatchProcess.start(folder);
  await using after = await StopwatchProcess.start(PROJECT);
  const device = after.device;
  const oldDevice = before.device === device ? "" : ` (old: ${before.device})`;
  const title = `${device}${oldDevice}; old: ${folder}; by turns, medians; ratio = old over new`;
  const { onProgress, onSkip } = progress;
  const compared = compareCheckouts(before, after, { shapes, names, onProgress, onSkip });
  const rows = await progress.show(`${title}\n${formatComparedRow()}`, compared, formatComparedRow);
  return { device, against: folder, rows };
}
