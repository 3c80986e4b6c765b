import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Gpu } from "#kernels/runtime/gpu.ts";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { MeasureLog, NonFiniteError } from "./measure_log.ts";

const gpu = await testGpu();
const numbers = (values: Readonly<Record<string, number>>, device = gpu) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, device.upload(Float32Array.of(value))]));

/** Adds one measure a step and ends the step. */
async function logSteps(log: MeasureLog, values: readonly number[]): Promise<void> {
  for (const [i, loss] of values.entries()) {
    log.add(i + 1, numbers({ loss }));
    await log.endStep(i + 1);
  }
}

gpuTest("each logged value is the mean over the steps since the last one", async () => {
  const log = new MeasureLog(gpu, "run", 3);
  await logSteps(log, [1, 2, 6, 10, 20, 60, 5]);
  assertEquals(log.rows, [{ step: 3, measure: "loss", value: 3 }, { step: 6, measure: "loss", value: 30 }]);
  await log.flush();
  assertEquals(log.rows.slice(2), [{ step: 7, measure: "loss", value: 5 }]);
});

gpuTest("a step that adds twice, of other measures or the same, still gives one row a measure", async () => {
  const log = new MeasureLog(gpu, "run", 2);
  for (const step of [1, 2]) {
    log.add(step, numbers({ critic: step }));
    log.add(step, numbers({ critic: 3 * step }));
    log.add(step, numbers({ loss: 10 * step, norm: 0.5 }));
    await log.endStep(step);
  }
  assertEquals(log.rows, [
    { step: 2, measure: "critic", value: 3 },
    { step: 2, measure: "loss", value: 15 },
    { step: 2, measure: "norm", value: 0.5 },
  ]);
});

gpuTest("values known on the CPU are rows as they are, in the order of their coming", async () => {
  const log = new MeasureLog(gpu, "run", 1);
  log.set(0, "score", 0.25);
  await logSteps(log, [4]);
  log.set(1, "score", 0.5);
  assertEquals(log.rows.map(({ step, measure, value }) => [step, measure, value]), [
    [0, "score", 0.25],
    [1, "loss", 4],
    [1, "score", 0.5],
  ]);
});

gpuTest("the GPU is awaited once an interval, and not where nothing is pending", async () => {
  const log = new MeasureLog(gpu, "run", 5);
  const before = gpu.awaits;
  await logSteps(log, Array(12).fill(1));
  assertEquals(gpu.awaits - before, 2);
  await log.flush();
  await log.flush();
  assertEquals(gpu.awaits - before, 3);
});

gpuTest("measures that wait take no more buffers, and all are read, however many there are", async () => {
  await using own = await Gpu.open();
  const log = new MeasureLog(own, "run", 1500);
  let settled = 0;
  for (let step = 1; step <= 1500; step++) {
    log.add(step, numbers({ loss: step, norm: 2 * step }, own));
    own.flush();
    if (step === 3) settled = own.liveBuffers;
    if (step === 500) assertEquals(own.liveBuffers, settled);
  }
  assert(own.liveBuffers <= settled + 2, "more than three pages of 1,024 numbers");
  await log.endStep(1500);
  assertEquals(log.rows, [{ step: 1500, measure: "loss", value: 750.5 }, { step: 1500, measure: "norm", value: 1501 }]);
});

gpuTest(
  "a log that is put back to where another was goes on as that one, whatever waits on however many pages",
  async () => {
    const log = new MeasureLog(gpu, "run", 700);
    for (let step = 1; step <= 700; step++) log.add(step, numbers({ loss: step }));
    await log.endStep(700);
    log.set(700, "score", 0.25);
    for (let step = 701; step <= 1400; step++) {
      // The pages are as they are, and stay so, whenever they are looked at.
      if (step === 702 || step === 1214) log.state();
      log.add(step, numbers({ loss: step, norm: 0.1 * step }));
    }
    const { values, tensors = {} } = log.state();
    assertEquals(Object.values(tensors).map(({ shape }) => shape), [[1024], [376]]);
    const arrays = Object.fromEntries(Object.keys(tensors).map((name) => [name, new Float32Array()]));
    for (const [name, tensor] of Object.entries(tensors)) {
      arrays[name] = await gpu.read(tensor) as Float32Array<ArrayBuffer>;
    }
    const other = new MeasureLog(gpu, "run", 700);
    other.add(1, numbers({ old: 1 }));
    other.set(1, "old", 1);
    other.restore({ values: structuredClone(values), arrays });
    for (const each of [log, other]) {
      each.add(1401, numbers({ loss: 1 }));
      await each.flush();
    }
    assertEquals(log.rows.length, 4);
    assertEquals(other.rows, log.rows);
  },
);

gpuTest("no row is −0, which JSON would not keep", async () => {
  const log = new MeasureLog(gpu, "run", 1);
  log.set(1, "score", -0);
  await logSteps(log, [-0]);
  assertEquals(log.rows.map(({ value }) => Object.is(value, 0)), [true, true]);
});

for (const [value, shown] of [[NaN, "NaN"], [Infinity, "Infinity"], [-Infinity, "-Infinity"]] as const) {
  gpuTest(`a measure that is ${shown} stops the run with experiment, measure and step`, async () => {
    const log = new MeasureLog(gpu, "instruction_following ammd, seed 10", 4);
    const error = await assertRejects(
      () => logSteps(log, [1, 2, value, 4]),
      NonFiniteError,
      `instruction_following ammd, seed 10: loss is ${shown} at step 3; lower the learning rate`,
    );
    assert(!error.message.includes("\n"));
    assertEquals(log.rows, []);
    assertThrows(() => log.set(8, "score", value), NonFiniteError, `score is ${shown} at step 8`);
  });
}
