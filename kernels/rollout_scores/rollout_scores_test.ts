import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import type { Gpu } from "../runtime/gpu.ts";
import { gpuTest } from "../test_gpu.ts";
import { logRatioReward, mixtureLogProb } from "./rollout_scores.ts";
import { logRatioRewardReference, mixtureLogProbReference } from "./rollout_scores_reference.ts";

type Values = Float32Array<ArrayBuffer>;

/** Log-probabilities from −12 to 0, different for teacher and student. */
const logProbs = (rows: number, seed: number): Values =>
  Float32Array.from({ length: rows }, (_, i) => -6 + 6 * Math.sin(seed * i * i + seed));
const upload = (gpu: Gpu, teacher: Values, student: Values) => ({
  teacher: gpu.upload(teacher),
  student: gpu.upload(student),
});

for (const rows of [1, 37, 1203]) {
  const [teacher, student] = [logProbs(rows, 1), logProbs(rows, 2)];
  const [p, q] = [Float64Array.from(teacher), Float64Array.from(student)];

  gpuTest(`logRatioReward equals the float64 reference, ${rows} rows`, async (gpu) => {
    for (const settings of [{ scale: 0.5, clip: 100 }, { scale: 2, clip: 1 }]) {
      const rewards = await gpu.read(logRatioReward(gpu, upload(gpu, teacher, student), settings));
      logRatioRewardReference(p, q, settings).forEach((value, n) => assertAlmostEquals(rewards[n], value, 1e-5));
    }
  });

  gpuTest(`mixtureLogProb equals the float64 reference, ${rows} rows`, async (gpu) => {
    for (const teacherWeight of [0, 0.2, 0.5, 1]) {
      const mixed = await gpu.read(mixtureLogProb(gpu, upload(gpu, teacher, student), { teacherWeight }));
      mixtureLogProbReference(p, q, { teacherWeight }).forEach((value, n) => assertAlmostEquals(mixed[n], value, 1e-5));
    }
  });

  gpuTest(`both give the same bits twice, ${rows} rows`, async (gpu) => {
    const run = () => {
      const inputs = upload(gpu, teacher, student);
      const settings = { scale: 0.5, clip: 3 };
      return gpu.readAll([logRatioReward(gpu, inputs, settings), mixtureLogProb(gpu, inputs, { teacherWeight: 0.2 })]);
    };
    assertEquals(await run(), await run());
  });
}

gpuTest("logRatioReward: equal policies are rewarded with exactly 0, and no reward passes the clip", async (gpu) => {
  const student = logProbs(50, 3);
  const equal = await gpu.read(logRatioReward(gpu, upload(gpu, student, student), { scale: 0.5, clip: 100 }));
  assert(equal.every((reward) => reward === 0));
  const unlike = upload(gpu, Float32Array.of(-1, -500), Float32Array.of(-500, -1));
  assertEquals([...await gpu.read(logRatioReward(gpu, unlike, { scale: 0.5, clip: 100 }))], [100, -100]);
});

gpuTest(
  "mixtureLogProb: weight 0 is the student and weight 1 the teacher, to the bit, where the other gives no chance",
  async (gpu) => {
    const [teacher, student] = [Float32Array.of(-1, -2000, -0.5), Float32Array.of(-3000, -0.25, -0.5)];
    const mixed = (teacherWeight: number) =>
      gpu.read(mixtureLogProb(gpu, upload(gpu, teacher, student), { teacherWeight }));
    assertEquals(await mixed(0), student);
    assertEquals(await mixed(1), teacher);
    const half = await mixed(0.2);
    [-1 + Math.log(0.2), -0.25 + Math.log(0.8), -0.5].forEach((value, n) => assertAlmostEquals(half[n], value, 1e-6));
  },
);

gpuTest(
  "a mixture makes no action less likely than the student's share of it: the importance weight q / m is below 1 / (1 − w)",
  async (gpu) => {
    const [teacher, student] = [logProbs(500, 5), logProbs(500, 7)];
    const mixed = await gpu.read(mixtureLogProb(gpu, upload(gpu, teacher, student), { teacherWeight: 0.2 }));
    mixed.forEach((logM, n) => assert(Math.exp(student[n] - logM) <= 1.25 * (1 + 1e-5)));
  },
);

gpuTest(
  "a scale that is not positive, weights outside 0 to 1 and different numbers of rows are refused",
  async (gpu) => {
    const inputs = upload(gpu, logProbs(3, 1), logProbs(3, 2));
    assertThrows(() => logRatioReward(gpu, inputs, { scale: 0, clip: 1 }), RangeError, "scale is 0, not positive");
    for (const teacherWeight of [-0.1, 1.1, NaN]) {
      assertThrows(
        () => mixtureLogProb(gpu, inputs, { teacherWeight }),
        RangeError,
        `teacherWeight is ${teacherWeight}`,
      );
    }
    const uneven = upload(gpu, logProbs(3, 1), logProbs(4, 2));
    assertThrows(
      () => logRatioReward(gpu, uneven, { scale: 1, clip: 1 }),
      RangeError,
      "Cannot run logRatioReward: axis N",
    );
    await gpu.settle();
  },
);
