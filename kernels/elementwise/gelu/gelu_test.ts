import { assert, assertEquals } from "@std/assert";
import { checkOp } from "../../check_op.ts";
import { gpuTest } from "../../test_gpu.ts";
import { gelu } from "./gelu.ts";
import { erf, geluReference, geluTanhReference } from "./gelu_reference.ts";

const wide = (i: number) => 6 * Math.sin(i * i);

checkOp(gelu, [
  { label: "exact, one element", inputs: { x: [1] }, attrs: { approximation: "none" } },
  { label: "exact, odd sizes", inputs: { x: [7, 37] }, attrs: { approximation: "none" }, fill: { x: wide } },
  { label: "exact, many elements", inputs: { x: [203, 64] }, attrs: { approximation: "none" } },
  { label: "tanh, one element", inputs: { x: [1] }, attrs: { approximation: "tanh" } },
  { label: "tanh, odd sizes", inputs: { x: [7, 37] }, attrs: { approximation: "tanh" }, fill: { x: wide } },
  { label: "tanh, many elements", inputs: { x: [203, 64] }, attrs: { approximation: "tanh" } },
]);

Deno.test("erf equals its tabulated values to float64 rounding", () => {
  // To 20 digits by arbitrary precision: python -c "import mpmath; print(mpmath.erf(0.5))".
  const table: [number, number][] = [
    [1e-9, 1.1283791670955126e-9],
    [0.5, 0.52049987781304654],
    [1, 0.84270079294971487],
    [2, 0.99532226501895273],
    [3, 0.99997790950300141],
    [5, 0.99999999999846254],
  ];
  for (const [z, expected] of table) {
    assert(Math.abs(erf(z) / expected - 1) < 1e-15, `erf(${z}) is ${erf(z)}, expected ${expected}`);
    assertEquals(erf(-z), -erf(z));
  }
});

for (const approximation of ["none", "tanh"] as const) {
  gpuTest(
    `gelu, ${approximation}: every value is off by at most 5e-7 of itself or 1e-8 of the argument`,
    async (gpu) => {
      const x = Float32Array.from({ length: 8001 }, (_, i) => i / 400 - 10);
      const values = await gpu.read(gelu.forward(gpu, { x: gpu.upload(x) }, { approximation }).out);
      const reference = approximation === "none" ? geluReference : geluTanhReference;
      x.forEach((argument, i) => {
        const expected = reference(argument);
        const allowed = 5e-7 * Math.abs(expected) + 1e-8 * Math.abs(argument);
        const error = Math.abs(values[i] - expected);
        assert(error <= allowed, `gelu(${argument}) is ${values[i]}, expected ${expected}: off by ${error}`);
      });
    },
  );

  gpuTest(
    `gelu, ${approximation}: gelu(x) - gelu(-x) is x, far arguments give x or 0 and gradients 1 or 0`,
    async (gpu) => {
      const values = Float32Array.of(0.01, -0.01, 0.7, -0.7, 3, -3, 100, -100, 1e12, -1e12);
      const inputs = { x: gpu.upload(values) };
      const { out, saved } = gelu.forward(gpu, inputs, { approximation });
      const context = { inputs, out, saved, attrs: { approximation }, wanted: new Set(["x"] as const) };
      const dX = gelu.backward(gpu, gpu.upload(new Float32Array(10).fill(1)), context).x!;
      const [result, gradient] = await gpu.readAll([out, dX]);
      for (let i = 0; i < 10; i += 2) {
        const error = Math.abs((result[i] - result[i + 1]) / values[i] - 1);
        assert(error < 3e-7, `gelu(±${values[i]}) are ${result[i]} and ${result[i + 1]}`);
      }
      assertEquals([result[6], result[8], gradient[6], gradient[8]], [100, Math.fround(1e12), 1, 1]);
      for (const i of [7, 9]) {
        assert(Math.abs(result[i]) + Math.abs(gradient[i]) < 1e-20, `${result[i]}, ${gradient[i]}`);
      }
    },
  );
}
