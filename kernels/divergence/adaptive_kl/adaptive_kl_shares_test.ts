import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { Gpu } from "../../runtime/gpu.ts";
import type { Shape } from "../../runtime/tensor.ts";
import { gpuTest } from "../../test_gpu.ts";
import { adaptiveKlShares } from "./adaptive_kl_shares.ts";
import { adaptiveKlSharesReference } from "./adaptive_kl_shares_reference.ts";

type Logits = Float32Array<ArrayBuffer>;

/** Tokens reach it exactly only by chance, so rounding does not decide which token is the last of the head. */
const UNLIKELY_MASS = 0.4871;

interface Policies {
  readonly student: Logits;
  readonly teacher: Logits;
}

async function sharesOf(gpu: Gpu, { student, teacher }: Policies, shape: Shape, headMass = 0.5): Promise<Float32Array> {
  const tensors = { student: gpu.upload(student, shape), teacher: gpu.upload(teacher, shape) };
  return Float32Array.from(await gpu.read(adaptiveKlShares(gpu, tensors, { headMass })));
}

function referenceOf({ student, teacher }: Policies, shape: Shape, headMass = 0.5): Float64Array {
  const exact = (logits: Logits) => ({ shape, data: Float64Array.from(logits) });
  return adaptiveKlSharesReference({ student: exact(student), teacher: exact(teacher) }, { headMass }).data;
}

const policiesOf = ([rows, vocabSize]: Shape, peak: number): Policies => ({
  student: Float32Array.from({ length: rows * vocabSize }, (_, i) => 2 * Math.sin(i * i)),
  teacher: Float32Array.from(
    { length: rows * vocabSize },
    (_, i) => peak * (Math.cos(3 * i * i) + Math.sin(7.1 * i * i)),
  ),
});

const shapes: readonly Shape[] = [[3, 1], [5, 2], [7, 37], [6, 52], [3, 288], [4, 2047], [4, 2048]];

for (const shape of shapes) {
  gpuTest(`adaptiveKlShares of [${shape}] are the reference's, for flat and peaked teachers`, async (gpu) => {
    for (const peak of [0.5, 3, 20]) {
      for (const headMass of [0.5, 0.05, 0.9]) {
        const policies = policiesOf(shape, peak);
        const expected = referenceOf(policies, shape, headMass);
        (await sharesOf(gpu, policies, shape, headMass)).forEach((share, n) => {
          assertAlmostEquals(share, expected[n], 5e-6, `row ${n}, peak ${peak}, head ${headMass}`);
        });
      }
    }
  });

  gpuTest(`adaptiveKlShares of [${shape}]: two runs are bit-equal`, async (gpu) => {
    const policies = policiesOf(shape, 2);
    assertEquals(await sharesOf(gpu, policies, shape), await sharesOf(gpu, policies, shape));
  });
}

gpuTest("the head is the smallest set of the teacher's likeliest tokens that reaches its mass", async (gpu) => {
  // p is (8, 4, 2, 1, 1) / 16; the uniform q is off by (4.8, 0.8, −1.2, −2.2, −2.2) / 16, 11.2 / 16 in all.
  const teacher = Float32Array.from([8, 4, 2, 1, 1], Math.log);
  const policies = { student: new Float32Array(5), teacher };
  const shareAt = async (headMass: number) => (await sharesOf(gpu, policies, [1, 5], headMass))[0];
  for (const [headMass, gap] of [[0.3, 4.8], [0.49, 4.8], [0.51, 5.6], [0.74, 5.6], [0.76, 6.8], [0.9, 11.2]]) {
    assertAlmostEquals(await shareAt(headMass), gap / 11.2, 1e-6, `${headMass}`);
  }
});

gpuTest("tokens that tie with the head's last are in it, wherever they stand", async (gpu) => {
  for (const order of [[0, 1, 2, 3, 4, 5], [5, 3, 1, 0, 2, 4], [2, 5, 0, 4, 1, 3]]) {
    const logits = (values: readonly number[]) => Float32Array.from(order, (token) => values[token]);
    // The teacher's 2nd to 5th tie; half of its mass would end among them.
    const policies = { student: logits([0, 1, 2, 3, 4, 5]), teacher: logits([2, 1.5, 1.5, 1.5, 1.5, -3]) };
    const [share] = await sharesOf(gpu, policies, [1, 6]);
    assertAlmostEquals(share, referenceOf(policies, [1, 6])[0], 1e-6);
  }
  const flat = { student: Float32Array.from({ length: 52 }, (_, i) => Math.sin(i)), teacher: new Float32Array(52) };
  assertEquals([...await sharesOf(gpu, flat, [1, 52])], [1]);
});

gpuTest("where student and teacher agree the share is 1/2", async (gpu) => {
  for (const shape of [[3, 1], [3, 37], [3, 260]]) {
    const { teacher } = policiesOf(shape, 4);
    assertEquals(await sharesOf(gpu, { student: teacher, teacher }, shape), new Float32Array(3).fill(0.5));
  }
});

gpuTest("a number added to the logits of a row, or another order of its tokens, changes nothing", async (gpu) => {
  const shape = [3, 64];
  const grid = (i: number) => Math.round(64 * 3 * Math.sin(i * i)) / 64;
  const student = Float32Array.from({ length: 192 }, (_, i) => grid(i));
  const teacher = Float32Array.from({ length: 192 }, (_, i) => grid(i + 1000));
  const shares = await sharesOf(gpu, { student, teacher }, shape);
  const shifted = { student: student.map((x) => x - 40), teacher: teacher.map((x) => x + 90) };
  assertEquals(await sharesOf(gpu, shifted, shape), shares);
  const reversed = await sharesOf(gpu, { student: student.toReversed(), teacher: teacher.toReversed() }, shape);
  reversed.reverse().forEach((share, n) => assertAlmostEquals(share, shares[n], 1e-6));
});

gpuTest("logits in clusters, thousands apart or masked give shares in [0, 1] like the reference's", async (gpu) => {
  const rows: readonly ((i: number) => readonly [number, number])[] = [
    (i) => [i % 3, 2 ** -i],
    (i) => [i % 3, -(2 ** -i)],
    (i) => [i === 3 ? 1e4 : 0, i === 5 ? 1e4 : 0],
    (i) => [i - 1e4, 1e4 - i],
    (i) => i < 30 ? [i % 5, i % 7] : [-3.4028234e38, -3.4028234e38],
    (i) => [80 * (i % 2), 1e-30 * i],
  ];
  for (const vocabSize of [37, 260]) {
    const shape = [rows.length, vocabSize];
    const fill = (which: 0 | 1) =>
      Float32Array.from(rows.flatMap((row) => Array.from({ length: vocabSize }, (_, i) => row(i)[which])));
    const policies = { student: fill(0), teacher: fill(1) };
    const expected = referenceOf(policies, shape, UNLIKELY_MASS);
    (await sharesOf(gpu, policies, shape, UNLIKELY_MASS)).forEach((share, n) => {
      assert(share >= 0 && share <= 1);
      assertAlmostEquals(share, expected[n], 5e-6, `row ${n} of ${vocabSize}`);
    });
  }
});

gpuTest("adaptiveKlShares are the reference's for any teacher", async (gpu) => {
  const row = fc.array(fc.tuple(fc.integer({ min: -400, max: 400 }), fc.integer({ min: -8, max: 8 })), {
    minLength: 1,
    maxLength: 70,
  });
  await fc.assert(
    fc.asyncProperty(row, fc.constantFrom(1, 1 / 64), async (entries, scale) => {
      const student = Float32Array.from(entries, ([logit]) => logit / 64);
      const teacher = Float32Array.from(entries, ([_, logit]) => logit * scale);
      const shape = [1, entries.length];
      const [share] = await sharesOf(gpu, { student, teacher }, shape, UNLIKELY_MASS);
      assertAlmostEquals(share, referenceOf({ student, teacher }, shape, UNLIKELY_MASS)[0], 5e-6);
    }),
    { numRuns: 60, seed: 1 },
  );
});

gpuTest("vocabularies of 151,936 and 50,257 are read to their ends", async (gpu) => {
  for (const vocabSize of [151_936, 50_257]) {
    const policies = policiesOf([2, vocabSize], 2);
    for (let n = 0; n < 2; n++) policies.teacher.fill(12, (n + 1) * vocabSize - 20, (n + 1) * vocabSize);
    const expected = referenceOf(policies, [2, vocabSize]);
    (await sharesOf(gpu, policies, [2, vocabSize])).forEach((share, n) => assertAlmostEquals(share, expected[n], 2e-5));
  }
});

gpuTest("adaptiveKlShares refuses other shapes, and a mass of the head that is not between 0 and 1", async (gpu) => {
  const [student, teacher] = [gpu.allocate([2, 5]), gpu.allocate([2, 6])];
  assertThrows(() => adaptiveKlShares(gpu, { student, teacher }, { headMass: 0.5 }), RangeError, "adaptiveKlShares");
  for (const headMass of [0, 1, -0.1, NaN]) {
    assertThrows(
      () => adaptiveKlShares(gpu, { student, teacher: student }, { headMass }),
      RangeError,
      `Cannot run adaptiveKlShares: headMass is ${headMass}, not between 0 and 1`,
    );
  }
  await gpu.settle();
});
