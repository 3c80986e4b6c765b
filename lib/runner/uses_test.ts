import { assertEquals, assertRejects } from "@std/assert";
import type { Profile } from "#lib/bench/profile.ts";
import { type TestProfile, testProfile } from "#lib/bench/test_profile.ts";
import { flattenSettings, nestSettings, settingAt, type Uses, UseTracer } from "./uses.ts";

const profile = await testProfile();

function paths({ settings }: Uses): string[] {
  return [...settings.keys()];
}

Deno.test("what is read of the settings is noted by its path and value, what is only passed through is not", async () => {
  const tracer = new UseTracer();
  const observed = tracer.observe(profile) as TestProfile;
  const { value, uses } = await tracer.trace(() => {
    const { ammd, ...others } = observed;
    const passed = { ...others, name: "passed on" };
    return Promise.resolve([ammd.beta, passed.optimizer.betas, observed.judge.parallel]);
  });
  assertEquals(value, [profile.ammd.beta, profile.optimizer.betas, profile.judge.parallel]);
  assertEquals([...uses.settings], [["ammd.beta", 0.5], ["optimizer.betas", [0.9, 0.98]]]);
});

Deno.test("whoever asks for what was made before has used what it was made of", async () => {
  const tracer = new UseTracer();
  const observed = tracer.observe(profile) as TestProfile;
  const shared = await tracer.trace(() => Promise.resolve(observed.teacher.seed));
  const own = await tracer.trace(async () => {
    const inner = await tracer.trace(() => Promise.resolve(observed.kd.kdRatio));
    tracer.add(shared.uses);
    assertEquals(paths(inner.uses), ["kd.kdRatio"]);
    return observed.gkd.weight;
  });
  assertEquals(paths(own.uses), ["teacher.seed", "gkd.weight"]);
  assertEquals(paths(tracer.soFar), []);
});

Deno.test("computations that run at once note each its own", async () => {
  const tracer = new UseTracer();
  const observed = tracer.observe(profile) as TestProfile;
  const bothHaveBegun = Promise.withResolvers<void>();
  let begun = 0;
  const read = (first: () => unknown, second: () => unknown) =>
    tracer.trace(async () => {
      first();
      if (++begun === 2) bothHaveBegun.resolve();
      await bothHaveBegun.promise;
      second();
      tracer.usedKernel({ name: String(first()) } as Parameters<UseTracer["usedKernel"]>[0]);
    });
  const [a, b] = await Promise.all([
    read(() => observed.kd.kdRatio, () => observed.kd.temperature),
    read(() => observed.teacher.seed, () => observed.student.training.steps),
  ]);
  assertEquals([paths(a.uses), paths(b.uses)], [["kd.kdRatio", "kd.temperature"], [
    "teacher.seed",
    "student.training.steps",
  ]]);
  assertEquals([[...a.uses.kernels], [...b.uses.kernels]], [["1"], ["1"]]);
});

Deno.test("what was made with one value must not be shared where the setting has another", async () => {
  const tracer = new UseTracer();
  const small = tracer.observe(profile) as TestProfile;
  const large = tracer.observe(
    { ...profile, student: { ...profile.student, model: { ...profile.student.model, hiddenSize: 64 } } } as Profile,
  );
  const shared = await tracer.trace(() => Promise.resolve(small.student.model.hiddenSize));
  const misuse = () =>
    tracer.trace(() => {
      tracer.add(shared.uses);
      return Promise.resolve(large.student.model.hiddenSize);
    });
  await assertRejects(misuse, RangeError, "student.model.hiddenSize = 32: here it is 64");
});

Deno.test("settings by path and nested are the same settings", () => {
  const flat = flattenSettings(profile);
  assertEquals(flat.get("teacher.model.hiddenSize"), profile.teacher.model.hiddenSize);
  assertEquals(nestSettings(flat), JSON.parse(JSON.stringify(profile)));
  for (const [path, value] of flat) assertEquals(settingAt(profile, path), value);
  assertEquals(settingAt(profile, "teacher.model.hiddenSize.deeper"), undefined);
});
