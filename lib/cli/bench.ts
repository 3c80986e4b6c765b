import { adapterName } from "#kernels/runtime/adapter.ts";
import { Gpu } from "#kernels/runtime/gpu.ts";
import { type BenchRow, type Reference, runBenchmarks, type SkippedRow } from "#lib/speed/benchmarks.ts";
import { rowNames, SHAPES, type ShapesName } from "#lib/speed/catalog.ts";
import { compareCheckouts, type ComparedRow } from "#lib/speed/comparison.ts";
import { profileTrainStep } from "#lib/speed/profile.ts";
import { expectCheckout, StopwatchProcess } from "#lib/speed/stopwatch_process.ts";
import { rememberRates } from "#lib/speed/recorded_rates.ts";
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
      help:
        "the models of this project (default), GPT-2's layers for a GPU, few tokens of them, GPT-2 small as a whole, or as it learns of medium",
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
    const { against, json } = flags;
    if (against === undefined) await measure(shapes, names, new Showing(terminal, json, names.length));
    else await compare(against, shapes, names, new Showing(terminal, json, names.length));
    return 0;
  },
});

/** Where rows go as they come: as lines, or as the lines of one JSON value. Progress goes to standard error. */
class Showing<Row extends BenchRow | ComparedRow> {
  readonly #skipped: SkippedRow[] = [];
  #rows = 0;
  readonly #terminal: Terminal;
  readonly #json: boolean;
  readonly #total: number;
  readonly #progress: ProgressLine;
  readonly #start = performance.now();

  constructor(terminal: Terminal, json: boolean, total: number) {
    this.#terminal = terminal;
    this.#json = json;
    this.#total = total;
    this.#progress = new ProgressLine({ terminal });
  }

  readonly onProgress = (what: string): void => {
    const done = `${this.#rows} of ${this.#total} rows`;
    this.#progress.update(() => `measuring ${what}; ${done}, ${formatDuration(performance.now() - this.#start)}`);
  };

  readonly onSkip = (row: SkippedRow): void => {
    this.#skipped.push(row);
    this.#progress.note(`not measured: ${row.name}: ${row.reason}`);
  };

  /** The head of the results: as a line for a person, or as the first members of the JSON value. */
  begin(text: string, about: Readonly<Record<string, unknown>>): void {
    this.#print(this.#json ? `{ ${members(about)}, "rows": [` : text);
  }

  row(row: Row, text: string): void {
    // The comma stands before a row, so that a row need not wait for the next.
    this.#print(this.#json ? `${this.#rows === 0 ? " " : ","} ${visibleJson(row)}` : text);
    this.#rows++;
  }

  end(summary: Readonly<Record<string, unknown>> = {}): void {
    this.#progress.end();
    if (this.#json) this.#terminal.print(`], ${members({ ...summary, skipped: this.#skipped })} }`);
  }

  #print(line: string): void {
    this.#progress.end();
    this.#terminal.print(line);
  }
}

/** The members of an object as JSON, without its braces. */
function members(values: Readonly<Record<string, unknown>>): string {
  return visibleJson(values).slice(1, -1);
}

async function measure(shapes: ShapesName, names: readonly string[], show: Showing<BenchRow>): Promise<void> {
  await using gpu = await Gpu.open();
  const device = gpu.adapterInfo.description || gpu.adapterInfo.vendor;
  show.begin(`${device}; medians; ratio = time over that of the same FLOPs at matmul's rate, or bytes at copy's`, {
    device,
  });
  let reference: Reference | undefined;
  const { onProgress, onSkip } = show;
  const onReference = (rates: Reference) => reference = rates;
  for await (const row of runBenchmarks(gpu, { shapes, names, onProgress, onSkip, onReference })) {
    show.row(row, formatRow(row));
  }
  show.end({ ...reference, peakBytes: gpu.peakBytes });
  // What estimates of training go by, at sizes that published models have.
  if (shapes === "gpt2" && reference && reference.matmulGflops > 0 && reference.copyGBs > 0) {
    const date = new Date().toISOString().slice(0, 10);
    await rememberRates(adapterName(gpu.adapterInfo), { ...reference, date });
  }
}

async function compare(
  folder: string,
  shapes: ShapesName,
  names: readonly string[],
  show: Showing<ComparedRow>,
): Promise<void> {
  await expectCheckout(folder);
  await using before = await StopwatchProcess.start(folder);
  await using after = await StopwatchProcess.start(PROJECT);
  const device = after.device;
  const oldDevice = before.device === device ? "" : ` (old: ${before.device})`;
  const title = `${device}${oldDevice}; old: ${folder}; by turns, medians; ratio = old over new`;
  show.begin(`${title}\n${formatComparedRow()}`, { device, against: folder });
  const { onProgress, onSkip } = show;
  for await (const row of compareCheckouts(before, after, { shapes, names, onProgress, onSkip })) {
    show.row(row, formatComparedRow(row));
  }
  show.end();
}
