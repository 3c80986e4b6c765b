import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { checkOp } from "../check_op.ts";
import type { Gpu } from "../runtime/gpu.ts";
import { gpuTest } from "../test_gpu.ts";
import { embedding } from "./embedding.ts";

checkOp(embedding, [
  { label: "one number", inputs: { table: [1, 1], ids: [1] }, attrs: {}, fill: { ids: () => 0 } },
  {
    label: "odd sizes, repeated ids",
    inputs: { table: [11, 7], ids: [37] },
    attrs: {},
    fill: { ids: (n) => n * n % 9 },
  },
  {
    label: "rows of a multiple of 4, one id most of the time",
    inputs: { table: [67, 36], ids: [150] },
    attrs: {},
    fill: { ids: (n) => n % 3 === 0 ? n * 7 % 67 : 5 },
  },
  {
    label: "a selection of states",
    inputs: { table: [203, 64], ids: [21] },
    attrs: {},
    fill: { ids: (n) => 9 * n + 2 },
  },
]);

/** dTable by float32 additions in order of n, the definition to the bit. */
function orderedSums(rows: number, size: number, ids: Uint32Array, dOut: Float32Array): Float32Array<ArrayBuffer> {
  const sums = new Float32Array(rows * size);
  const isFirst = new Set<number>();
  ids.forEach((id, n) => {
    for (let c = 0; c < size; c++) {
      const term = dOut[n * size + c];
      sums[id * size + c] = isFirst.has(id) ? sums[id * size + c] + term : term;
    }
    isFirst.add(id);
  });
  return sums;
}

async function tableGradient(
  gpu: Gpu,
  rows: number,
  size: number,
  ids: Uint32Array<ArrayBuffer>,
  dOut: Float32Array<ArrayBuffer>,
) {
  const inputs = { table: gpu.upload(new Float32Array(rows * size), [rows, size]), ids: gpu.upload(ids) };
  const dOutTensor = gpu.upload(dOut, [ids.length, size]);
  const context = { inputs, out: dOutTensor, saved: {}, attrs: {}, wanted: new Set(["table"] as const) };
  const dTable = embedding.backward(gpu, dOutTensor, context).table!;
  const values = await gpu.read(dTable);
  for (const tensor of [inputs.table, inputs.ids, dOutTensor, dTable]) gpu.release(tensor);
  return values;
}

gpuTest("embedding: the gradient of the table is the sum in order of n to the bit, whatever the ids", async (gpu) => {
  const cases = fc.integer({ min: 1, max: 40 }).chain((rows) =>
    fc.record({
      rows: fc.constant(rows),
      size: fc.integer({ min: 1, max: 9 }),
      ids: fc.array(fc.nat({ max: rows - 1 }), { minLength: 1, maxLength: 90 }),
    })
  );
  await fc.assert(
    fc.asyncProperty(cases, async ({ rows, size, ids: list }) => {
      const ids = Uint32Array.from(list);
      const dOut = Float32Array.from({ length: ids.length * size }, (_, i) => Math.sin(i + 1) * 10 ** (i % 5));
      assertEquals(await tableGradient(gpu, rows, size, ids, dOut), orderedSums(rows, size, ids, dOut));
    }),
    { seed: 1, numRuns: 40 },
  );
});

gpuTest("embedding: an id that 16,384 rows name gets the gradients of all of them", async (gpu) => {
  const [rows, size, count] = [3, 4, 16_384];
  const ids = Uint32Array.from({ length: count }, (_, n) => n === 7 ? 2 : 1);
  const gradient = await tableGradient(gpu, rows, size, ids, new Float32Array(count * size).fill(1));
  assertEquals([...gradient], [0, 0, 0, 0, ...Array(4).fill(count - 1), 1, 1, 1, 1]);
});

gpuTest("embedding: the gradients of a table's rows sum to those of the output", async (gpu) => {
  const [rows, size, count] = [2048, 8, 1024];
  const ids = Uint32Array.from({ length: count }, (_, n) => n * n * 31 % rows);
  const gradient = await tableGradient(gpu, rows, size, ids, new Float32Array(count * size).fill(1));
  const values = Array.from(gradient);
  assertEquals(values.reduce((sum, value) => sum + value, 0), count * size);
  assert(values.some((value) => value === 0) && values.some((value) => value > 1));
});
