/**
 * A process that times kernels and models of the checkout whose `deno.json` it is run with: `#kernels/` and `#lib/` are that
 * checkout's, while this folder, which is imported by relative paths alone, is always its own. So another checkout, however
 * old, is timed by the same stopwatch, as far as it has what is timed.
 */
import { Gpu } from "#kernels/runtime/gpu.ts";
import { clockOf } from "./benchmarks.ts";
import { groupOf, type ShapesName } from "./catalog.ts";
import { linesOf } from "./lines.ts";
import { Sampler, type SamplingPlan } from "./sampling.ts";
import type { StopwatchReply, StopwatchRequest } from "./stopwatch_protocol.ts";
import { Shared, type Work } from "./work.ts";

/** The work of the row that is open. */
interface OpenRow {
  readonly work: Work;
  readonly sampler: Sampler;
  readonly plan: SamplingPlan;
}

/** More than in a table of its own: a ratio has the noise of two. */
const COMPARED_SAMPLES = 5;

async function openRow(gpu: Gpu, shared: Shared, shapes: ShapesName, name: string): Promise<OpenRow> {
  const group = groupOf(shapes, name);
  const plan = { ...group.plan, minSamples: COMPARED_SAMPLES };
  const work = await group.rows[name].open(gpu, shared);
  try {
    return { work, plan, sampler: await Sampler.prepare(work, clockOf(gpu), plan) };
  } catch (error) {
    work[Symbol.dispose]();
    throw error;
  }
}

async function serve(): Promise<void> {
  const gpu = await Gpu.open();
  using shared = new Shared();
  let row: OpenRow | undefined;
  const answer = async (request: StopwatchRequest): Promise<StopwatchReply> => {
    if (request.kind === "close") {
      row?.work[Symbol.dispose]();
      row = undefined;
      return { kind: "closed" };
    }
    if (request.kind === "open") row = await openRow(gpu, shared, request.shapes, request.name);
    else await row!.sampler.sample();
    return { kind: "samples", samples: row!.sampler.samples, hasEnough: row!.sampler.hasEnough(row!.plan) };
  };
  const { description, vendor } = gpu.adapterInfo;
  write({ kind: "ready", device: description || vendor, deno: Deno.version.deno });
  for await (const line of linesOf(Deno.stdin.readable)) {
    write(await answer(JSON.parse(line)).catch((error) => ({ kind: "error", message: `${error?.message ?? error}` })));
  }
}

function write(reply: StopwatchReply): void {
  console.log(JSON.stringify(reply));
}

await serve();
// Without the device's own end: a process that has answered everything need not wait for it.
Deno.exit(0);
