import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Gpu } from "../runtime/gpu.ts";
import { testGpu } from "../test_gpu.ts";
import { isAligned, matmul, type MatmulKernel, registerTile16, registerTile4, sharedTile } from "./matmul.ts";

const kernels: Record<string, MatmulKernel> = { registerTile16, registerTile4, sharedTile };
// deno-fmt-ignore
const sizes = [
  [1, 4, 4], [3, 20, 36], [17, 8, 132], [16, 16, 128], [40, 36, 68], [64, 128, 512], [5, 7, 3], [70, 33, 65],
];
/** Sums over a vocabulary, as the gradient of its projection takes them: the longest loops of all. */
const vocabularySizes = [[8, 50_260, 4], [8, 50_257, 4], [3, 50_257, 5], [1, 151_936, 8]];

for (const [name, kernel] of Object.entries(kernels)) {
  for (const [transposeA, transposeB] of [[false, false], [false, true], [true, false], [true, true]]) {
    Deno.test({
      name: `matmul: ${name} equals the float64 product, A${transposeA ? "ᵀ" : ""} B${transposeB ? "ᵀ" : ""}`,
      sanitizeResources: false,
      async fn() {
        const gpu = await testGpu();
        for (const [m, k, n] of [...sizes, ...vocabularySizes]) {
          if (kernel !== sharedTile && !isAligned(m, k, n, transposeA, transposeB)) continue;
          await checkProduct(gpu, [m, k, n], { transposeA, transposeB, kernel });
        }
      },
    });
  }
}

Deno.test({
  name: "matmul: a transposed A may have any K, and what lies past its rows does not leak in",
  sanitizeResources: false,
  async fn() {
    const gpu = await testGpu();
    for (const kernel of [registerTile16, registerTile4]) {
      await checkProduct(gpu, [20, 7, 36], { transposeA: true, transposeB: false, kernel });
    }
  },
});

Deno.test({
  name: "matmul: the kernel chosen by itself sums a whole vocabulary",
  sanitizeResources: false,
  async fn() {
    const gpu = await testGpu();
    for (const size of vocabularySizes) {
      await checkProduct(gpu, size, { transposeA: false, transposeB: false });
      await checkProduct(gpu, size, { transposeA: true, transposeB: false });
    }
  },
});

Deno.test({
  name: "matmul: an inner size that a CPU driver would not sum to its end is refused",
  sanitizeResources: false,
  async fn(t) {
    const gpu = await testGpu();
    await t.step({
      name: "on a CPU driver",
      ignore: gpu.tuning.maxLoopRounds === Infinity,
      fn() {
        const [a, b] = [gpu.allocate([4, 262_144]), gpu.allocate([262_144, 4])];
        assertThrows(() => matmul(gpu, a, b), RangeError, "Cannot run matmul with an inner size of 262144");
      },
    });
  },
});

Deno.test({
  name: "matmul: inner sizes that differ are refused",
  sanitizeResources: false,
  async fn() {
    const gpu = await testGpu();
    const [a, b] = [gpu.allocate([2, 3]), gpu.allocate([4, 5])];
    assertThrows(() => matmul(gpu, a, b), RangeError, "Cannot multiply [2,3] by [4,5]: the inner sizes are 3 and 4");
  },
});

async function checkProduct(
  gpu: Gpu,
  [m, k, n]: number[],
  options: { transposeA: boolean; transposeB: boolean; kernel?: MatmulKernel },
): Promise<void> {
  const { transposeA, transposeB } = options;
  const [a, b, bias] = [wave(m * k, 0.7), wave(k * n, 1.3), wave(n, 2.1)];
  const inputs = {
    a: gpu.upload(a, transposeA ? [k, m] : [m, k]),
    b: gpu.upload(b, transposeB ? [n, k] : [k, n]),
    bias: gpu.upload(bias),
  };
  const product = matmul(gpu, inputs.a, inputs.b, { ...options, bias: inputs.bias });
  assertEquals(product.shape, [m, n]);
  const values = await gpu.read(product);
  for (const tensor of [...Object.values(inputs), product]) gpu.release(tensor);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = bias[j];
      for (let q = 0; q < k; q++) {
        sum += a[transposeA ? q * m + i : i * k + q] * b[transposeB ? j * k + q : q * n + j];
      }
      const error = Math.abs(values[i * n + j] - sum);
      assert(error < 1e-5 * Math.sqrt(k), `[${m},${k},${n}] at ${i},${j}: ${values[i * n + j]} for ${sum}`);
    }
  }
}

function wave(length: number, frequency: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length }, (_, i) => Math.sin(frequency * i * i + i));
}
