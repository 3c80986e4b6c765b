import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { EnumerableMdp, softmax, type Table } from "./enumerable_mdp.ts";
import { linearCombination } from "./linear_combination.ts";
import { offPolicyMoment, onPolicyMoment } from "./moment_matching.ts";
import { tabularBatch, TabularCritic, tabularViews } from "./tabular_critic.ts";

// Sizes that divide no tile.
const mdp = new EnumerableMdp({ vocabSize: 5, horizon: 3, gamma: 0.8 });
const random = new RandomStream(0, "tabular critic");
const table = () => Array.from({ length: mdp.stateCount }, () => Array.from({ length: 5 }, () => random.normal()));
const [teacher, student, phi] = [table(), table(), table()];
const policies = [teacher.map(softmax), student.map(softmax)] as const;
const gpu = await testGpu();

/** A critic whose φ is not 0. */
function openCritic(): TabularCritic {
  const critic = new TabularCritic(gpu, mdp);
  gpu.write(critic.store.get("table").value, Float32Array.from(phi.flat()));
  return critic;
}

/** Both moments of a critic on the tape, over every trajectory. */
function moments(tape: Tape, critic: TabularCritic, student: Table, kind: "full" | "sampled") {
  const batchOf = (visitor: Table) =>
    tabularBatch(tape, mdp, mdp.probabilities(visitor.map(softmax)).map((weight, index) => ({ index, weight })));
  const [offPolicy, onPolicy] = [batchOf(teacher), batchOf(student)];
  const tables = { teacher, student, f: critic.values(tape) };
  return [
    offPolicyMoment(tape, tabularViews(tape, offPolicy, tables), offPolicy, { moments: kind }),
    onPolicyMoment(tape, tabularViews(tape, onPolicy, tables), onPolicy, { moments: kind }),
  ];
}

gpuTest("a tabular critic starts as 0 and reads back as tanh φ by state", async () => {
  using untrained = new TabularCritic(gpu, mdp);
  assertEquals(await untrained.read(), phi.map((row) => row.map(() => 0)));
  using critic = openCritic();
  const f = await critic.read();
  assertEquals(f.length, mdp.stateCount);
  f.forEach((row, s) => row.forEach((value, a) => assertAlmostEquals(value, Math.tanh(phi[s][a]), 1e-7)));
});

for (const kind of ["full", "sampled"] as const) {
  gpuTest(`${kind} moments of a tabular critic over every trajectory equal the enumerated ones`, async () => {
    using critic = openCritic();
    using tape = new Tape(gpu);
    const [[off], [on]] = await gpu.readAll(moments(tape, critic, student, kind).map(({ value }) => value));
    const f = await critic.read();
    assertAlmostEquals(off, mdp.offPolicyMoment(f, ...policies), 1e-6);
    assertAlmostEquals(on, mdp.onPolicyMoment(f, ...policies), 1e-6);
    assert(Math.abs(off - on) > 1e-3);
  });
}

gpuTest("sampled trajectories with even weights estimate the moment", async () => {
  using critic = openCritic();
  using tape = new Tape(gpu);
  const probabilities = mdp.probabilities(policies[0]);
  const draws = Array.from({ length: 1000 }, () => ({
    index: random.weightedChoice([...probabilities.keys()], probabilities),
    weight: 1 / 1000,
  }));
  const batch = tabularBatch(tape, mdp, draws);
  const view = tabularViews(tape, batch, { teacher, student, f: critic.values(tape) });
  const [estimate] = await gpu.read(offPolicyMoment(tape, view, batch, { moments: "full" }).value);
  assertAlmostEquals(estimate, mdp.offPolicyMoment(await critic.read(), ...policies), 0.05);
});

gpuTest("at student = teacher an untrained critic's gradient is exactly 0, so it stays 0", async () => {
  using critic = new TabularCritic(gpu, mdp);
  using tape = new Tape(gpu, { learning: [critic.store] });
  const terms = moments(tape, critic, teacher, "full").map((value) => ({ weight: -1, value }));
  critic.store.zeroGradients();
  tape.backward(linearCombination(tape, terms));
  const gradient = (await critic.store.readGradients()).get("table")!;
  assert(gradient.every((value) => value === 0));
});

gpuTest("critics and batches hand back their buffers", async () => {
  const counts: number[] = [];
  for (let round = 0; round < 4; round++) {
    using critic = openCritic();
    using tape = new Tape(gpu);
    await gpu.readAll(moments(tape, critic, student, "full").map(({ value }) => value));
    counts.push(gpu.liveBuffers);
  }
  assertEquals(counts[3], counts[1]);
});
