import { assert, assertEquals, assertThrows } from "@std/assert";
import { checkOp } from "../check_op.ts";
import { gpuTest } from "../test_gpu.ts";
import type { Gated } from "./gated.ts";

const wide = (i: number) => 6 * Math.sin(i * i);

/**
 * Registers the tests of a gated unit: those of `checkOp`, and its laws.
 *
 * @param activated the activation of a gate of 1.3
 */
export function checkGated(op: Gated, activated: number): void {
  checkOp(op, [
    { label: "one gate", inputs: { x: [1, 2] }, attrs: {} },
    { label: "an odd size", inputs: { x: [7, 74] }, attrs: {}, fill: { x: wide } },
    { label: "a multiple of 4", inputs: { x: [5, 40] }, attrs: {}, fill: { x: wide } },
    { label: "many rows", inputs: { x: [203, 128] }, attrs: {} },
  ]);

  gpuTest(`${op.name} is linear in the up projection and closed by a zero gate`, async (gpu) => {
    const out = async (gate: number, up: number) =>
      (await gpu.read(op.forward(gpu, { x: gpu.upload(Float32Array.of(gate, up), [1, 2]) }, {}).out))[0];
    const one = await out(1.3, 1);
    assert(Math.abs(one - activated) < 2e-7, `${one}`);
    assertEquals(await out(1.3, -8), -8 * one);
    assertEquals(Math.abs(await out(0, 5)), 0);
  });

  gpuTest(`${op.name}: a far gate passes itself or nothing, with gradients to match`, async (gpu) => {
    const inputs = { x: gpu.upload(Float32Array.of(1e6, 2, -1e6, 2), [2, 2]) };
    const { out, saved } = op.forward(gpu, inputs, {});
    const dOut = gpu.upload(Float32Array.of(1, 1), [2, 1]);
    const context = { inputs, out, saved, attrs: {}, wanted: new Set(["x"] as const) };
    const [values, gradient] = await gpu.readAll([out, op.backward(gpu, dOut, context).x!]);
    assertEquals([values[0], ...gradient.subarray(0, 2)], [2e6, 2, 1e6]);
    for (const value of [values[1], ...gradient.subarray(2)]) assert(Math.abs(value) < 1e-20, `${value}`);
  });

  gpuTest(`${op.name}: an odd number of columns is refused`, (gpu) => {
    const x = gpu.allocate([2, 7]);
    assertThrows(
      () => op.forward(gpu, { x }, {}),
      RangeError,
      `Cannot run ${op.name}: axis G of x is 7; it must be twice`,
    );
  });
}
