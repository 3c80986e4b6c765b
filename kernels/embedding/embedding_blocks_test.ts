import { assertEquals } from "@std/assert";
import { checkOp } from "../check_op.ts";
import { gpuTest } from "../test_gpu.ts";
import { embedding } from "./embedding.ts";
import { embeddingOfBlocks } from "./embedding_blocks.ts";

checkOp(embeddingOfBlocks(3), [
  {
    label: "odd sizes, repeated ids, a block of one row",
    inputs: { block0: [5, 7], block1: [1, 7], block2: [6, 7], ids: [37] },
    attrs: {},
    fill: { ids: (n) => n * n % 12 },
  },
  {
    label: "rows of a multiple of 4, a block that no id names",
    inputs: { block0: [64, 36], block1: [128, 36], block2: [3, 36], ids: [150] },
    attrs: {},
    fill: { ids: (n) => n % 3 === 0 ? 192 + n % 2 : n % 64 },
  },
]);

gpuTest("embeddingOfBlocks: to the bit what embedding gives of the whole table", async (gpu) => {
  const [rows, size, count] = [203, 20, 333];
  const table = Float32Array.from({ length: rows * size }, (_, i) => Math.sin(i * i));
  const dOut = gpu.upload(Float32Array.from({ length: count * size }, (_, i) => Math.cos(i * i)), [count, size]);
  const ids = gpu.upload(Uint32Array.from({ length: count }, (_, n) => n * n * 7 % rows));
  const whole = { table: gpu.upload(table, [rows, size]), ids };
  const edges = [0, 64, 192, rows];
  const blocks = Object.fromEntries(
    edges.slice(1).map((end, i) => [
      `block${i}`,
      gpu.upload(table.slice(edges[i] * size, end * size), [end - edges[i], size]),
    ]),
  );
  const op = embeddingOfBlocks(3);
  const names = Object.keys(blocks);
  const inputs = { ids, ...blocks };
  const expected = embedding.forward(gpu, whole, {}).out;
  const actual = op.forward(gpu, inputs, {}).out;
  const context = { out: expected, saved: {}, attrs: {} };
  const dTable = embedding.backward(gpu, dOut, { ...context, inputs: whole, wanted: new Set(["table"] as const) });
  const dBlocks = op.backward(gpu, dOut, { ...context, inputs, wanted: new Set(names) });
  const [a, b, c, ...parts] = await gpu.readAll([
    expected,
    actual,
    dTable.table!,
    ...names.map((name) => dBlocks[name]!),
  ]);
  assertEquals(b, a);
  assertEquals(parts.flatMap((part) => [...part]), [...c]);
});
