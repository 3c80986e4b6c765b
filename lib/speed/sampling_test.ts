import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { type Clock, median, medianOf, sampleByTurns, Sampler, type SamplingPlan } from "./sampling.ts";
import type { Work, WorkSize } from "./work.ts";

const PLAN: SamplingPlan = { sampleMs: 100, budgetMs: 500, minSamples: 3 };
const AWAIT_MS = 10;

/** A clock that only work and waiting move. */
class FakeClock implements Clock {
  ms = 0;
  waits = 0;
  #isBusy = false;
  #cpuMs = 0;

  now = () => this.ms;
  /** Waiting takes none. */
  cpuNow = () => this.#cpuMs;

  pass(ms: number): void {
    this.ms += ms;
    this.#cpuMs += 2 * ms;
    this.#isBusy = true;
  }

  /** Waiting takes its time where there is something to wait for. */
  settle(): Promise<void> {
    this.waits++;
    if (this.#isBusy) this.ms += AWAIT_MS;
    this.#isBusy = false;
    return Promise.resolve();
  }
}

/** Work that takes so long, and longer the first time; counts its runs. */
function timedWork(clock: FakeClock, runMs: number, size: WorkSize = {}, firstMs = 0): Work & { runs: number } {
  return {
    size,
    runs: 0,
    run() {
      clock.pass(runMs + (this.runs++ === 0 ? firstMs : 0));
    },
    [Symbol.dispose]() {},
  };
}

Deno.test("median is the middle value, or the mean of the two in the middle", () => {
  assertEquals(median([5, 1, 3]), 3);
  assertEquals(median([4, 1, 3, 2]), 2.5);
});

Deno.test("short work is repeated until a sample is long, so that the await at its end weighs little", async () => {
  const clock = new FakeClock();
  const work = timedWork(clock, 0.1, { units: 5 }, 5000);
  const sampler = await Sampler.prepare(work, clock, PLAN);
  await sampleByTurns([sampler], PLAN);
  const perUnit = 0.1 / 5;
  for (const { ms, cpuMs } of sampler.samples) {
    assert(ms > perUnit && ms < 1.25 * perUnit, `${ms}`);
    assertAlmostEquals(cpuMs, 2 * perUnit, 1e-9);
  }
  assert(sampler.samples.length >= 5, "half a second in samples of a tenth");
  assert(clock.ms < 5000 + 1500, `${clock.ms} ms of a budget of ${PLAN.budgetMs}`);
});

Deno.test("long work is run once to compile and then as often as it must, no more", async () => {
  const clock = new FakeClock();
  const work = timedWork(clock, 2500, {}, 9000);
  const sampler = await Sampler.prepare(work, clock, PLAN);
  const sample = { ms: 2510, cpuMs: 5000 };
  assertEquals(sampler.samples, [sample]);
  await sampleByTurns([sampler], PLAN);
  assertEquals(sampler.samples, [sample, sample, sample]);
  assertEquals(work.runs, 4);
});

Deno.test("a warm-up takes the place of the run that is not counted", async () => {
  const clock = new FakeClock();
  let warm = 0;
  const work = { ...timedWork(clock, 200), warmUp: () => void warm++ };
  const { samples } = await Sampler.prepare(work, clock, PLAN);
  assertEquals([warm, work.runs, samples], [1, 1, [{ ms: 210, cpuMs: 400 }]]);
});

Deno.test("work on a clock that shows nothing is sampled all the same", async () => {
  let runs = 0;
  const now = () => runs < 5000 ? 0 : runs;
  const clock: Clock = { now, cpuNow: now, settle: () => Promise.resolve() };
  const work: Work = { size: {}, run: () => void runs++, [Symbol.dispose]() {} };
  assertEquals((await Sampler.prepare(work, clock, PLAN)).samples.length, 1);
});

Deno.test("by turns each work waits for its own runs alone, until all have enough", async () => {
  const clock = new FakeClock();
  const works = [timedWork(clock, 50), timedWork(clock, 300)];
  const samplers = await Promise.all(works.slice(0, 1).map((work) => Sampler.prepare(work, clock, PLAN)));
  samplers.push(await Sampler.prepare(works[1], clock, PLAN));
  const turns: number[] = [];
  await sampleByTurns(samplers, PLAN, { onTurn: (index) => turns.push(index) });
  assertEquals(turns.slice(0, 6), [0, 1, 0, 1, 0, 1]);
  assert(samplers.every((sampler) => sampler.hasEnough(PLAN)));
  assertEquals(samplers[0].samples.length, samplers[1].samples.length);
  assertEquals(medianOf(samplers[1].samples), { ms: 310, cpuMs: 600 });
});

Deno.test("when it is late, the sample that there is must do", async () => {
  const clock = new FakeClock();
  const sampler = await Sampler.prepare(timedWork(clock, 80), clock, PLAN);
  await sampleByTurns([sampler], PLAN, { isLate: () => clock.ms > 100 });
  assertEquals(sampler.samples.length, 1);
});
