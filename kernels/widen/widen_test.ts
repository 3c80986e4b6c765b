import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Gpu } from "../runtime/gpu.ts";
import { elementCount, type Shape } from "../runtime/tensor.ts";
import { gpuTest } from "../test_gpu.ts";
import { narrow, NARROW_FORMS, type NarrowForm } from "./narrow.ts";
import { releaseNarrow, uploadNarrow, widen, widenRows } from "./widen.ts";

/** What a form makes of numbers, in float64 from the definition of the form. */
const ROUNDED: Readonly<Record<NarrowForm, (values: Float32Array, rowSize: number) => number[]>> = {
  f16: (values) => Array.from(values, (value) => Math.f16round(value)),
  bf16: (values) => Array.from(values, toBf16),
  int8: (values, rowSize) =>
    Array.from(values, (value, i) => {
      const row = Math.floor(i / rowSize) * rowSize;
      const scale = Math.fround(Math.max(...values.subarray(row, row + rowSize).map(Math.abs)) / 127);
      return scale === 0 ? 0 : Math.fround(Math.round(value / scale) * scale);
    }),
};

/** The nearest of the numbers that have 8 significant bits, of two as near the one whose last bit is 0. */
function toBf16(value: number): number {
  if (value === 0) return value;
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(value))));
  const unit = 2 ** (exponent - 7);
  const [below, part] = [Math.floor(value / unit), value / unit - Math.floor(value / unit)];
  const up = part > 0.5 || part === 0.5 && below % 2 !== 0;
  return (below + Number(up)) * unit;
}

const SHAPES: readonly Shape[] = [[1], [3], [7, 5], [2, 8], [61, 37], [130, 64]];
const someValues = (shape: Shape) =>
  Float32Array.from({ length: elementCount(shape) }, (_, i) => Math.sin(i * i + 1) * 10 ** (i % 7 - 4));

async function widened(gpu: Gpu, values: Float32Array, shape: Shape, form: NarrowForm): Promise<Float32Array> {
  const tensor = uploadNarrow(gpu, values, shape, form);
  const out = widen(gpu, tensor);
  const read = await gpu.read(out);
  gpu.release(out);
  releaseNarrow(gpu, tensor);
  return read as Float32Array;
}

for (const form of NARROW_FORMS) {
  gpuTest(`${form}: numbers come back as the form rounds them, to the bit, in any shape and again`, async (gpu) => {
    for (const shape of SHAPES) {
      const values = someValues(shape);
      const actual = await widened(gpu, values, shape, form);
      assertEquals([...actual], ROUNDED[form](values, shape.at(-1)!), `[${shape}]`);
      assertEquals(await widened(gpu, values, shape, form), actual);
    }
  });

  gpuTest(`${form}: rows by their ids are the rows of the whole`, async (gpu) => {
    for (const shape of [[5, 3], [9, 8], [40, 37]] as const) {
      const [rows, size] = shape;
      const table = uploadNarrow(gpu, someValues(shape), shape, form);
      const ids = Uint32Array.from({ length: 11 }, (_, n) => (n * n + 2) % rows);
      const [all, some] = await gpu.readAll([widen(gpu, table), widenRows(gpu, [table], gpu.upload(ids))]);
      const expected = [...ids].flatMap((id) => [...all.subarray(id * size, (id + 1) * size)]);
      assertEquals([...some], expected);
      const blocks = [[0, 2], [2, 3], [3, rows]].map(([first, end]) =>
        uploadNarrow(gpu, someValues(shape).slice(first * size, end * size), [end - first, size], form)
      );
      assertEquals([...await gpu.read(widenRows(gpu, blocks, gpu.upload(ids)))], expected);
    }
  });
}

gpuTest("f16: zeros, subnormals and the largest numbers keep their bits", async (gpu) => {
  const bits = Uint16Array.of(0, 0x8000, 1, 0x8001, 0x3ff, 0x400, 0x7bff, 0xfbff, 0x3c00, 0x83ff);
  const exact = Float32Array.from(new Float16Array(bits.buffer));
  const back = await widened(gpu, exact, [exact.length], "f16");
  assertEquals(new Uint32Array(back.buffer), new Uint32Array(exact.buffer));
  assertThrows(
    () => narrow(Float32Array.of(1, 65520), 2, "f16"),
    RangeError,
    "Cannot keep 65520 as f16, which ends at 65504",
  );
});

gpuTest("bf16: what has the bits already keeps them, ties go to the even number", async (gpu) => {
  const words = Uint32Array.of(0, 0x80000000, 0x3f800000, 0x3f808000, 0x3f818000, 0x3f808001, 0x7f7f0000, 0x00800000);
  const back = await widened(gpu, new Float32Array(words.buffer), [words.length], "bf16");
  assertEquals(
    [...new Uint32Array(back.buffer)],
    [0, 0x80000000, 0x3f800000, 0x3f800000, 0x3f820000, 0x3f810000, 0x7f7f0000, 0x00800000],
  );
});

gpuTest("int8: a number is off by half its row's scale at most, and a row of zeros stays zero", async (gpu) => {
  const shape = [16, 33] as const;
  const values = someValues(shape);
  values.fill(0, 33, 66);
  const back = await widened(gpu, values, shape, "int8");
  for (let row = 0; row < shape[0]; row++) {
    const of = (array: Float32Array) => [...array.subarray(row * 33, (row + 1) * 33)];
    const scale = Math.max(...of(values).map(Math.abs)) / 127;
    const error = Math.max(...of(values).map((value, i) => Math.abs(value - of(back)[i])));
    assert(error <= 0.5 * scale * (1 + 1e-5), `row ${row}: ${error} of a scale of ${scale}`);
  }
});

gpuTest("no form keeps what is no finite number", () => {
  for (const form of NARROW_FORMS) {
    for (const value of [NaN, Infinity, -Infinity]) {
      assertThrows(() => narrow(Float32Array.of(1, value), 2, form), RangeError, `Cannot keep ${value} as ${form}`);
    }
  }
});
