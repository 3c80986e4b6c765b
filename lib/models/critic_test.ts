import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { elementCount } from "#kernels/runtime/tensor.ts";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { weightedSum } from "#kernels/weighted_sum/weighted_sum.ts";
import { Tape, type Variable } from "#lib/autograd/tape.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { Critic, type CriticConfig } from "./critic.ts";

const gpu = await testGpu();
const configs = (["linear", "mlp"] as const).flatMap((head) =>
  (["tanh", "none"] as const).map((bound): CriticConfig => ({ featureSize: 8, vocabSize: 5, head, bound }))
);

function criticOf(config: CriticConfig, device = gpu): Critic {
  const random = new RandomStream(1, "critic");
  return new Critic(device, config, () => random.normal());
}

/** Three states with features of size 8. */
function features(tape: Tape): Variable {
  const values = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i + 1));
  return tape.constant(tape.adopt(tape.gpu.upload(values, [3, 8])));
}

/** Overwrites every parameter with values of this size. */
function fill({ store }: Critic, size: number): void {
  for (const { name, shape } of store.parameters.values()) {
    const values = Float32Array.from({ length: elementCount(shape) }, (_, i) => size * Math.cos(3 * i + 1));
    store.writeRows(name, 0, values);
  }
}

for (const config of configs) {
  const label = `${config.head} head, bound ${config.bound}`;

  gpuTest(`a critic starts as 0 for every state and action: ${label}`, async () => {
    using critic = criticOf(config);
    using tape = new Tape(gpu);
    const { value } = critic.values(tape, features(tape));
    assertEquals(value.shape, [3, 5]);
    assertEquals([...await gpu.read(value)], Array(15).fill(0));
  });

  gpuTest(`a critic at its start has a gradient to leave it by: ${label}`, async () => {
    using critic = criticOf(config);
    using tape = new Tape(gpu, { learning: [critic.store] });
    const values = tape.reshape(critic.values(tape, features(tape)), [15]);
    const weights = tape.constant(tape.adopt(gpu.upload(Float32Array.from({ length: 15 }, (_, i) => i - 3))));
    critic.store.zeroGradients();
    tape.backward(tape.apply(weightedSum, { x: values, weights }, {}));
    const gradients = await critic.store.readGradients();
    assert(gradients.get("values.weight")!.every((value) => value !== 0));
    assertEquals([...gradients.get("values.bias")!], [6, 9, 12, 15, 18]);
  });
}

gpuTest("with the tanh bound |f| ≤ 1 whatever the parameters, without it f passes 1", async () => {
  for (const config of configs) {
    using critic = criticOf(config);
    fill(critic, 40);
    using tape = new Tape(gpu);
    const values = await gpu.read(critic.values(tape, features(tape)).value);
    const largest = Math.max(...values.map(Math.abs));
    if (config.bound === "tanh") assert(largest <= 1 && largest > 0.99, `${config.head}: ${largest}`);
    else assert(largest > 10, `${config.head}: ${largest}`);
  }
});

gpuTest("the mlp head is a GELU layer of the features' size before the linear map", async () => {
  using critic = criticOf({ featureSize: 8, vocabSize: 5, head: "mlp", bound: "none" });
  fill(critic, 0.7);
  using tape = new Tape(gpu);
  const actual = await gpu.read(critic.values(tape, features(tape)).value);
  const parameters = await critic.store.read();
  assertEquals([...parameters.keys()], ["hidden.weight", "hidden.bias", "values.weight", "values.bias"]);
  const layer = (x: readonly number[], name: string) => {
    const [weight, bias] = [parameters.get(`${name}.weight`)!, parameters.get(`${name}.bias`)!];
    return [...bias].map((b, o) => x.reduce((sum, value, i) => sum + value * weight[o * x.length + i], b));
  };
  const gelu = (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
  for (let row = 0; row < 3; row++) {
    const x = Array.from({ length: 8 }, (_, i) => Math.fround(Math.sin(8 * row + i + 1)));
    layer(layer(x, "hidden").map(gelu), "values").forEach((expected, action) =>
      assertAlmostEquals(actual[5 * row + action], expected, 1e-5)
    );
  }
});

gpuTest("features of another size are refused with both", () => {
  for (const config of configs) {
    using critic = criticOf({ ...config, featureSize: 6 });
    using tape = new Tape(gpu);
    assertThrows(
      () => critic.values(tape, features(tape)),
      RangeError,
      "Cannot run the critic: features are [3,8], but F is 6",
    );
  }
});

gpuTest("a critic whose table is over the binding limit has the values and gradients of any other", async () => {
  const limited = await testGpu({}, 4096);
  const results = [];
  for (const device of [gpu, limited]) {
    using critic = criticOf({ featureSize: 8, vocabSize: 203, head: "mlp", bound: "tanh" }, device);
    assertEquals(critic.store.blocks("values.weight").length, device === limited ? 2 : 1);
    fill(critic, 0.3);
    using tape = new Tape(device, { learning: [critic.store] });
    critic.store.zeroGradients();
    const values = critic.values(tape, features(tape));
    const weights = tape.constant(tape.adopt(device.upload(Float32Array.from({ length: 609 }, (_, i) => Math.sin(i)))));
    tape.backward(tape.apply(weightedSum, { x: tape.reshape(values, [609]), weights }, {}));
    results.push(new Map([["values", await device.read(values.value)], ...await critic.store.readGradients()]));
  }
  const [whole, parted] = results;
  for (const [name, expected] of whole) {
    parted.get(name)!.forEach((value, i) => assertAlmostEquals(value, expected[i], 2e-6, name));
  }
});
