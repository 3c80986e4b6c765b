import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Array64, Named, Op } from "./op.ts";
import { axisSizes } from "./runtime/axes.ts";
import type { Gpu, TypedArray } from "./runtime/gpu.ts";
import { elementCount, type Shape, type Tensor } from "./runtime/tensor.ts";
import type { Tuning } from "./runtime/tuning.ts";
import { gpuTest, testGpu } from "./test_gpu.ts";

/** One set of shapes to test an op with. */
export interface OpCase<In extends string, Attrs> {
  readonly label: string;
  readonly inputs: Named<In, Shape>;
  readonly attrs: Attrs;
  /** How an input is filled, by flat index; the default is uniform in [-1, 1). Integer inputs must be given here. */
  readonly fill?: Partial<Named<In, (index: number) => number>>;
  /** Relative to the largest magnitude of the reference; default 2e-5 (float32 sums of about a hundred terms). */
  readonly tolerance?: number;
  /** How many elements of each gradient are compared at most; default 48. */
  readonly gradientElements?: number;
}

const MAX_CHECKED_ELEMENTS = 48;
/** The step of the central differences, in float64. */
const DIFFERENCE_STEP = 1e-4;

/**
 * Registers the tests of an op. Every case checks `forward` against the float64 reference, every gradient against central differences
 * of the reference (all elements of small inputs, a spread of them otherwise), and that runs are bit-equal wherever inputs are read from.
 * One more test checks that wrong axes are refused.
 *
 * @param tunings each case is checked under each: `[{}, gpuForms()]` for an op whose kernels have a second form for GPUs
 */
export function checkOp<In extends string, Attrs, Saved extends string>(
  op: Op<In, Attrs, Saved>,
  cases: readonly OpCase<In, NoInfer<Attrs>>[],
  tunings: readonly Partial<Tuning>[] = [{}],
): void {
  for (const tuning of tunings) for (const opCase of cases) checkCase(op, opCase, tuning);
  Deno.test(`${op.name}: a tensor with a missing axis is refused by name`, () => {
    for (const name in cases[0].inputs) {
      if (op.axes[name] === "*") continue;
      const shape = cases[0].inputs[name].slice(1);
      assertThrows(
        () => axisSizes<string>(op.name, op.axes, { [name]: { shape } }),
        RangeError,
        `Cannot run ${op.name}: ${name} has`,
      );
    }
  });
}

function checkCase<In extends string, Attrs, Saved extends string>(
  op: Op<In, Attrs, Saved>,
  opCase: OpCase<In, Attrs>,
  tuning: Partial<Tuning>,
): void {
  const test = (criterion: string, run: (gpu: Gpu) => Promise<void>) =>
    gpuTest(`${op.name}: ${opCase.label}: ${criterion}`, { tunings: [tuning] }, run);
  test("forward equals the float64 reference", (gpu) => checkForward(gpu, op, opCase));
  if (op.differentiable.length > 0) {
    test("gradients equal central differences of the reference", (gpu) => checkGradients(gpu, op, opCase));
  }
  test("two runs are bit-equal, and so is one that reads no images", async (gpu) => {
    await checkBitEqual([gpu, gpu, await testGpu({ ...tuning, inputs: "buffer" })], op, opCase);
  });
}

async function checkForward<In extends string, Attrs, Saved extends string>(
  gpu: Gpu,
  op: Op<In, Attrs, Saved>,
  opCase: OpCase<In, Attrs>,
): Promise<void> {
  const inputs = fillInputs(op, opCase);
  const { out } = await runOp(gpu, op, inputs, opCase.attrs);
  const expected = op.reference(toArray64(inputs), opCase.attrs);
  assertEquals(out.shape, expected.shape, "the shape of out");
  assertClose("out", out.values, expected.data, opCase.tolerance);
}

async function checkGradients<In extends string, Attrs, Saved extends string>(
  gpu: Gpu,
  op: Op<In, Attrs, Saved>,
  opCase: OpCase<In, Attrs>,
): Promise<void> {
  const inputs = fillInputs(op, opCase);
  const { gradients, dOut } = await runOp(gpu, op, inputs, opCase.attrs);
  const exact = toArray64(inputs);
  const weightedSum = () => {
    const { data } = op.reference(exact, opCase.attrs);
    return data.reduce((sum, value, i) => sum + value * dOut[i], 0);
  };
  for (const name of op.differentiable) {
    const gradient = gradients[name];
    assert(gradient, `backward gives no gradient of ${name}`);
    const { data } = exact[name];
    assertEquals(gradient.length, data.length, `the size of the gradient of ${name}`);
    const most = opCase.gradientElements ?? MAX_CHECKED_ELEMENTS;
    const stride = Math.max(1, Math.floor(data.length / most));
    let scale = 0;
    for (const value of gradient) scale = Math.max(scale, Math.abs(value));
    for (let i = 0; i < data.length; i += stride) {
      const expected = centralDifference(data, i, weightedSum, DIFFERENCE_STEP);
      assertClose(`gradient of ${name}[${i}]`, gradient.subarray(i, i + 1), [expected], opCase.tolerance, scale);
    }
  }
}

/** (f(x+h) − f(x−h)) / 2h, whose error is h²/6 of the third derivative: about 1e-9 of it, while the tolerance is 1e-5. */
function centralDifference(data: Float64Array, i: number, f: () => number, h: number): number {
  const x = data[i];
  const at = (value: number) => {
    data[i] = value;
    return f();
  };
  const difference = at(x + h) - at(x - h);
  data[i] = x;
  return difference / (2 * h);
}

async function checkBitEqual<In extends string, Attrs, Saved extends string>(
  gpus: readonly Gpu[],
  op: Op<In, Attrs, Saved>,
  opCase: OpCase<In, Attrs>,
): Promise<void> {
  const inputs = fillInputs(op, opCase);
  const [first, ...others] = await Promise.all(gpus.map((gpu) => runOp(gpu, op, inputs, opCase.attrs)));
  for (const other of others) {
    assertEquals(bits(first.out.values), bits(other.out.values));
    for (const name of op.differentiable) {
      assertEquals(bits(first.gradients[name]!), bits(other.gradients[name]!), name);
    }
  }
}

type Filled<In extends string> = Named<In, { readonly shape: Shape; readonly values: TypedArray }>;

function fillInputs<In extends string, Attrs, Saved extends string>(
  op: Op<In, Attrs, Saved>,
  { inputs, fill }: OpCase<In, Attrs>,
): Filled<In> {
  const filled: Record<string, { shape: Shape; values: TypedArray }> = {};
  let seed = 1;
  for (const name in inputs) {
    const shape = inputs[name];
    const random = pseudoRandom(seed++);
    const given = fill?.[name];
    if (op.integers?.includes(name) && !given) throw new Error(`the case must fill integer input ${name}`);
    const values = Array.from({ length: elementCount(shape) }, (_, i) => given ? given(i) : random());
    filled[name] = {
      shape,
      values: op.integers?.includes(name) ? Uint32Array.from(values) : Float32Array.from(values),
    };
  }
  return filled as Filled<In>;
}

/** Uniform in [-1, 1), from a linear congruential generator: the tests need spread, not quality. */
function pseudoRandom(seed: number): () => number {
  let state = (seed * 2654435769) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

async function runOp<In extends string, Attrs, Saved extends string>(
  gpu: Gpu,
  op: Op<In, Attrs, Saved>,
  filled: Filled<In>,
  attrs: Attrs,
) {
  const inputs = mapNamed(filled, ({ values, shape }) => gpu.upload(values, shape));
  axisSizes<string>(op.name, op.axes, inputs);
  const { out, saved } = op.forward(gpu, inputs, attrs);
  axisSizes<string>(op.name, op.axes, { ...inputs, out });
  const random = pseudoRandom(99);
  const dOut = Float32Array.from({ length: elementCount(out.shape) }, random);
  const dOutTensor = gpu.upload(dOut, out.shape);
  const wanted = new Set(op.differentiable);
  const found: Partial<Record<In, Tensor>> = wanted.size > 0
    ? op.backward(gpu, dOutTensor, { inputs, out, saved, attrs, wanted })
    : {};
  const names = op.differentiable.filter((name) => found[name] !== undefined);
  const [values, ...gradientValues] = await gpu.readAll([out, ...names.map((name) => found[name]!)]);
  for (const tensor of new Set<Tensor>([...Object.values<Tensor>(inputs), out, dOutTensor])) gpu.release(tensor);
  return {
    out: { shape: out.shape, values },
    dOut,
    gradients: Object.fromEntries(names.map((name, i) => [name, gradientValues[i]])) as Partial<Record<In, TypedArray>>,
  };
}

function toArray64<In extends string>(inputs: Filled<In>): Named<In, Array64> {
  return mapNamed(inputs, ({ shape, values }) => ({ shape, data: Float64Array.from(values) }));
}

function mapNamed<In extends string, A, B>(named: Named<In, A>, change: (value: A) => B): Named<In, B> {
  return Object.fromEntries(Object.entries<A>(named).map(([name, value]) => [name, change(value)])) as Named<In, B>;
}

function bits(values: TypedArray): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

function assertClose(
  what: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance = 2e-5,
  scale = 0,
): void {
  let largest = scale;
  for (let i = 0; i < expected.length; i++) largest = Math.max(largest, Math.abs(expected[i]));
  const allowed = tolerance * Math.max(largest, 1e-3);
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i] - expected[i]);
    assert(
      error <= allowed,
      `${what}[${i}] is ${actual[i]}, expected ${expected[i]}: off by ${error}, allowed ${allowed}`,
    );
  }
}
