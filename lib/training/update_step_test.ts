import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import type { Tape } from "#lib/autograd/tape.ts";
import type { Decoder } from "#lib/models/decoder.ts";
import { ONE_TEXT } from "#lib/models/language_model.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import { distillation } from "#lib/objectives/distillation.ts";
import { fineTuning } from "#lib/objectives/supervised.ts";
import { packTrajectories, releaseBatch } from "#lib/objectives/trajectory_batch.ts";
import { AdamW, type AdamWHyperparameters } from "./adam_w.ts";
import { updateStep } from "./update_step.ts";

const gpu = await testGpu();
const adam: AdamWHyperparameters = { betas: [0.9, 0.99], eps: 1e-8, weightDecay: 0 };
/** With so large an eps a step of rate 1e6 is nearly the gradient itself: p − 1e6 · g / (|g| + 1e6). */
const plainDescent: AdamWHyperparameters = { betas: [0, 0], eps: 1e6, weightDecay: 0 };

const texts = [{ prompt: [3, 1, 4], response: [1, 5, 9, 2] }, { prompt: [6], response: [5, 3] }];
const batch = packTrajectories(gpu, texts, ONE_TEXT);
const lossOf = (student: Decoder) => (tape: Tape) => fineTuning(tape, { student }, batch);

function releaseAll(measures: Record<string, Tensor>): void {
  for (const tensor of Object.values(measures)) gpu.release(tensor);
}

async function numbersOf(measures: Record<string, Tensor>): Promise<Record<string, number>> {
  const values = await gpu.readAll(Object.values(measures));
  releaseAll(measures);
  return Object.fromEntries(Object.keys(measures).map((name, i) => [name, values[i][0]]));
}

for (const family of ["gpt2", "llama"] as const) {
  gpuTest(`${family}: twenty steps on one batch bring the loss down, with one await a step at most`, async () => {
    using student = tinyDecoder(gpu, family, { spread: 1 });
    using optimizer = new AdamW(gpu, student.store, adam);
    const losses: Tensor[] = [];
    const before = gpu.awaits;
    for (let step = 1; step <= 20; step++) {
      const update = { optimizer, learningRate: 0.01, maxGradNorm: 1 };
      const { loss, grad_norm } = await updateStep(gpu, [update], [lossOf(student)]);
      losses.push(loss);
      gpu.release(grad_norm);
    }
    assert(gpu.awaits - before <= 20, `${gpu.awaits - before} awaits`);
    const values = (await gpu.readAll(losses)).map(([value]) => value);
    for (const loss of losses) gpu.release(loss);
    assert(values[19] < 0.6 * values[0], `${values}`);
    assert(values.filter((value, i) => i > 0 && value > values[i - 1]).length <= 3, `${values}`);
  });

  gpuTest(`${family}: the number of live GPU buffers is constant from the third step on`, async () => {
    // A device of its own: what other tests left in the pool would hide a leak.
    await using own = await Gpu.open({ tuning: { leastImageBytes: 0, mostUncopiedBytes: 0 } });
    using student = tinyDecoder(own, family);
    using optimizer = new AdamW(own, student.store, adam);
    const buffers: number[] = [];
    for (let step = 1; step <= 12; step++) {
      const ownBatch = packTrajectories(own, texts, ONE_TEXT);
      const update = { optimizer, learningRate: 0.01, maxGradNorm: 1 };
      const measures = await updateStep(own, [update], [(tape) => fineTuning(tape, { student }, ownBatch)]);
      for (const tensor of Object.values(measures)) own.release(tensor);
      releaseBatch(own, ownBatch);
      buffers.push(own.liveBuffers + own.liveImages);
    }
    assertEquals(new Set(buffers.slice(2)).size, 1, `${buffers}`);
  });
}

gpuTest("a step moves each parameter against its gradient, clipped to the norm asked for", async () => {
  const movedBy = async (maxGradNorm?: number) => {
    using student = tinyDecoder(gpu, "llama", { spread: 1 });
    using optimizer = new AdamW(gpu, student.store, plainDescent);
    const before = await student.store.read();
    const { grad_norm } = await numbersOf(
      await updateStep(gpu, [{ optimizer, learningRate: 1e6, maxGradNorm }], [lossOf(student)]),
    );
    const gradients = await student.store.readGradients();
    const after = await student.store.read();
    const moves = [...after].flatMap(([name, values]) => [...values].map((value, i) => value - before.get(name)![i]));
    return { gradNorm: grad_norm, gradients: [...gradients.values()].flatMap((values) => [...values]), moves };
  };
  const norm = (values: readonly number[]) => Math.hypot(...values);
  const free = await movedBy();
  assertAlmostEquals(free.gradNorm, norm(free.gradients), 1e-4 * free.gradNorm);
  free.moves.forEach((move, i) => assertAlmostEquals(move, -free.gradients[i], 1e-4));
  const clipped = await movedBy(free.gradNorm / 4);
  assertEquals(clipped.gradNorm, free.gradNorm);
  assertAlmostEquals(norm(clipped.moves), free.gradNorm / 4, 1e-3 * free.gradNorm);
  clipped.moves.forEach((move, i) => assertAlmostEquals(move, free.moves[i] / 4, 1e-4));
  const loose = await movedBy(10 * free.gradNorm);
  assertEquals(loose.moves, free.moves);
});

gpuTest("only the stores that are updated move, and old gradients do not count", async () => {
  using student = tinyDecoder(gpu);
  using teacher = tinyDecoder(gpu, "llama", { seed: 2 });
  using optimizer = new AdamW(gpu, student.store, adam);
  const teacherBefore = await teacher.store.read();
  const objective = distillation({ distance: { kind: "forwardKl" }, kdRatio: 0.5, temperature: 1 });
  const run = () =>
    updateStep(gpu, [{ optimizer, learningRate: 0 }], [(tape) => objective(tape, { student, teacher }, batch)]);
  const first = await numbersOf(await run());
  assertEquals(Object.keys(first), ["loss", "forward_kl", "grad_norm"]);
  assertEquals(await numbersOf(await run()), first);
  assert(first.grad_norm > 0);
  assertEquals(await teacher.store.read(), teacherBefore);
});

gpuTest("two stores move in one step, each with its own rate", async () => {
  using moving = tinyDecoder(gpu);
  using resting = tinyDecoder(gpu, "llama", { seed: 2 });
  using fast = new AdamW(gpu, moving.store, adam);
  using still = new AdamW(gpu, resting.store, adam);
  const [before, restingBefore] = [await moving.store.read(), await resting.store.read()];
  const updates = [{ optimizer: fast, learningRate: 0.01 }, { optimizer: still, learningRate: 0 }];
  const objective = distillation({ distance: { kind: "forwardKl" }, kdRatio: 1, temperature: 1 });
  releaseAll(await updateStep(gpu, updates, [(tape) => objective(tape, { student: moving, teacher: resting }, batch)]));
  assert(
    (await moving.store.read()).get("model.norm.weight")!.every((value, i) =>
      value !== before.get("model.norm.weight")![i]
    ),
  );
  assertEquals(await resting.store.read(), restingBefore);
});

gpuTest("a loss that depends on nothing that learns is refused", async () => {
  using student = tinyDecoder(gpu);
  using other = tinyDecoder(gpu);
  using optimizer = new AdamW(gpu, other.store, adam);
  await assertRejects(
    () => updateStep(gpu, [{ optimizer, learningRate: 0.1 }], [lossOf(student)]),
    RangeError,
    "the loss depends on no parameter that learns",
  );
});
