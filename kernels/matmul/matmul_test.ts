import { assert, assertEquals, assertThrows } from "@std/assert";
import { add } from "../elementwise/add/add.ts";
import { gelu } from "../elementwise/gelu/gelu.ts";
import { relu } from "../elementwise/relu/relu.ts";
import { Gpu, type TypedArray } from "../runtime/gpu.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { gpuTest } from "../test_gpu.ts";
import { matmul, type MatmulOptions } from "./matmul.ts";
import { fewRows, type MatmulKernel, registerTile, sharedTile128, sharedTile64 } from "./matmul_kernels.ts";

const kernels: Record<string, MatmulKernel> = { registerTile, sharedTile64, sharedTile128, fewRows };
// deno-fmt-ignore
const sizes = [
  [1, 4, 4], [1, 37, 50], [3, 20, 36], [7, 64, 68], [17, 8, 132], [64, 128, 512], [5, 7, 3], [70, 33, 65], [130, 40, 140], [6, 9, 1],
];
/** Sums over a vocabulary, as in the gradient of its projection: the longest loops of all. */
const vocabularySizes = [[8, 50_260, 4], [8, 50_257, 4], [3, 50_257, 5], [1, 151_936, 8]];
const layouts = [[false, false], [false, true], [true, false], [true, true]];

for (const [name, kernel] of Object.entries(kernels)) {
  for (const [transposeA, transposeB] of layouts) {
    const product = `A${transposeA ? "ᵀ" : ""} B${transposeB ? "ᵀ" : ""}`;
    gpuTest(`matmul: ${name} equals the float64 product, ${product}`, async (gpu) => {
      for (const size of [...sizes, ...vocabularySizes]) {
        await checkProduct(gpu, size, { transposeA, transposeB, kernel });
      }
    });
  }

  gpuTest(`matmul: ${name} ignores what lies past the edges of A and B, even infinities`, async (gpu) => {
    for (const [transposeA, transposeB] of [[false, false], [true, true]]) { // every way to load an operand
      for (const size of [[5, 6, 7], [1, 3, 9], [9, 5, 4]]) {
        await checkEdges(gpu, size, { transposeA, transposeB, kernel });
      }
    }
  });

  gpuTest(`matmul: ${name} twice is equal to the bit`, async (gpu) => {
    const [a, b] = [gpu.upload(wave(70 * 333, 0.7), [70, 333]), gpu.upload(wave(333 * 66, 1.3), [333, 66])];
    const [first, second] = await gpu.readAll([matmul(gpu, a, b, { kernel }), matmul(gpu, a, b, { kernel })]);
    assertEquals(bits(first), bits(second));
  });

  gpuTest(`matmul: ${name} with activation and residual equals the separate ops to the bit`, async (gpu) => {
    for (const size of [[7, 24, 20], [6, 10, 17]]) await checkEpilogue(gpu, size, kernel);
  });
}

gpuTest("matmul: the kernel chosen by default sums a whole vocabulary", async (gpu) => {
  for (const size of vocabularySizes) {
    await checkProduct(gpu, size, { transposeA: false, transposeB: false });
    await checkProduct(gpu, size, { transposeA: true, transposeB: false });
  }
});

gpuTest(
  "matmul: a sum too long for one dispatch of a CPU driver is finished once, by the last of several",
  async (gpu) => {
    await using few = await Gpu.open({ tuning: { maxLoopRounds: 600 } });
    for (const kernel of Object.values(kernels)) {
      for (const [m, k, n] of [[5, 30_000, 8], [3, 29_999, 7]]) {
        const values = [wave(m * k, 0.7), wave(k * n, 1.3), wave(n, 2.1), wave(m * n, 0.4)];
        const [whole, split] = await Promise.all([gpu, few].map((device) => {
          const [a, b, bias, residual] = values.map((value, i) =>
            device.upload(value, [[m, k], [k, n], [n], [m, n]][i])
          );
          return device.read(matmul(device, a, b, { bias, activation: "relu", residual, kernel }));
        }));
        whole.forEach((value, i) => assert(Math.abs(value - split[i]) < 1e-3, `${split[i]} at ${i} for ${value}`));
      }
    }
  },
);

gpuTest("matmul: a bias or residual of another shape is refused", (gpu) => {
  const [a, b] = [gpu.allocate([2, 3]), gpu.allocate([3, 5])];
  const bias = gpu.allocate([4]);
  assertThrows(() => matmul(gpu, a, b, { bias }), RangeError, "Cannot add a bias of [4] to a product of [5]");
  const residual = gpu.allocate([5, 2]);
  assertThrows(
    () => matmul(gpu, a, b, { residual }),
    RangeError,
    "Cannot add a residual of [5,2] to a product of [2,5]",
  );
});

gpuTest(
  "matmul.register: the order of work for a large second operand gives the same product to the bit",
  async (gpu) => {
    const [k, n] = [520, 2052];
    const b = gpu.upload(Float32Array.from({ length: k * n }, (_, i) => Math.sin(i)), [k, n]);
    const transposed: Tensor = { ...b, shape: [n, k] };
    for (const m of [3, 40, 130, 256]) {
      const a = gpu.upload(Float32Array.from({ length: m * k }, (_, i) => Math.cos(i)), [m, k]);
      for (const [transposeB, second] of [[false, b], [true, transposed]] as const) {
        const lanes = registerTile.layout(m, n, { k, isTransposed: transposeB }).lanesAlongN!;
        if (m === 256) assertEquals(lanes, transposeB ? 2 : 1);
        const plain = { ...registerTile, layout: (m: number, n: number) => registerTile.layout(m, n) };
        const products = [plain, registerTile].map((kernel) => matmul(gpu, a, second, { transposeB, kernel }));
        const [expected, actual] = await gpu.readAll(products);
        assertEquals(actual, expected);
        for (const product of products) gpu.release(product);
      }
      gpu.release(a);
    }
    gpu.release(b);
  },
);

gpuTest("matmul: inner sizes that differ are refused", (gpu) => {
  const [a, b] = [gpu.allocate([2, 3]), gpu.allocate([4, 5])];
  assertThrows(() => matmul(gpu, a, b), RangeError, "Cannot multiply [2,3] by [4,5]: the inner sizes are 3 and 4");
});

async function checkProduct(
  gpu: Gpu,
  [m, k, n]: number[],
  options: MatmulOptions,
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

/** Rows and columns around each operand hold NaN and infinities: windows of larger tensors. */
async function checkEdges(gpu: Gpu, [m, k, n]: number[], options: MatmulOptions): Promise<void> {
  const framed = (values: Float32Array<ArrayBuffer>, shape: number[]): Tensor => {
    const around = new Float32Array(Math.ceil(values.length / 4) * 4 + 256).fill(NaN).fill(Infinity, values.length + 8);
    around.set(values);
    const whole = gpu.upload(around);
    return { ...whole, shape };
  };
  const [a, b] = [wave(m * k, 0.7), wave(k * n, 1.3)];
  const { transposeA, transposeB } = options;
  const [inA, inB] = [transposeA ? [k, m] : [m, k], transposeB ? [n, k] : [k, n]];
  const results = [
    matmul(gpu, gpu.upload(a, inA), gpu.upload(b, inB), options),
    matmul(gpu, framed(a, inA), framed(b, inB), options),
  ];
  const [plain, inFrame] = await gpu.readAll(results);
  assertEquals(bits(inFrame), bits(plain), `[${m},${k},${n}]`);
}

async function checkEpilogue(gpu: Gpu, [m, k, n]: number[], kernel: MatmulKernel): Promise<void> {
  const [a, b] = [gpu.upload(wave(m * k, 0.7), [m, k]), gpu.upload(wave(k * n, 1.3), [k, n])];
  const [bias, residual] = [gpu.upload(wave(n, 2.1)), gpu.upload(wave(m * n, 0.4), [m, n])];
  const product = matmul(gpu, a, b, { bias, kernel });
  const separate = {
    none: product,
    geluTanh: gelu.forward(gpu, { x: product }, { approximation: "tanh" }).out,
    gelu: gelu.forward(gpu, { x: product }, { approximation: "none" }).out,
    relu: relu.forward(gpu, { x: product }, {}).out,
  };
  for (const activation of ["none", "geluTanh", "gelu", "relu"] as const) {
    const x = separate[activation];
    const sum = add.forward(gpu, { x, y: residual }, { xScale: 1, yScale: 1 }).out;
    const [actual, expected] = await gpu.readAll([matmul(gpu, a, b, { bias, activation, residual, kernel }), sum]);
    assertEquals(bits(actual), bits(expected), `[${m},${k},${n}], ${activation}`);
  }
}

function bits(values: TypedArray): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

function wave(length: number, frequency: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length }, (_, i) => Math.sin(frequency * i * i + i));
}
