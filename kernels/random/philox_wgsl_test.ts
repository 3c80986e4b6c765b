import { assert, assertEquals } from "@std/assert";
import { defineKernel } from "../runtime/kernel.ts";
import { gpuTest } from "../test_gpu.ts";
import { philox4x32, type PhiloxBlock } from "./philox.ts";
import philoxWgsl from "./philox.wgsl" with { type: "text" };
import testWgsl from "./philox_wgsl_test.wgsl" with { type: "text" };

const kernel = defineKernel("philoxTest", testWgsl + philoxWgsl);

/** First words where carries and halves are likely to go wrong, then spread-out ones. */
const EDGES = [0, 1, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
const wordAt = (i: number) => i < 64 ? EDGES[(i * 7 + (i >>> 3)) % 8] : Math.imul(i, 2654435769) >>> 0;

gpuTest("philox4x32 in WGSL equals philox.ts bit for bit, and its uniform numbers lie inside (0, 1)", async (gpu) => {
  const size = 1003;
  const counters = Uint32Array.from({ length: 4 * size }, (_, i) => wordAt(i));
  const keys = Uint32Array.from({ length: 2 * size }, (_, i) => wordAt(3 * i + 5));
  const words = gpu.allocate([size, 4], "u32");
  const uniforms = gpu.allocate([size]);
  gpu.dispatch(kernel, {
    bindings: { counters: gpu.upload(counters, [size, 4]), keys: gpu.upload(keys, [size, 2]), words, uniforms },
    params: { size },
    workgroups: Math.ceil(size / gpu.tuning.rowWorkgroup),
  });
  const [actual, uniform] = await gpu.readAll([words, uniforms]);
  for (let i = 0; i < size; i++) {
    const counter = [...counters.subarray(4 * i, 4 * i + 4)] as PhiloxBlock;
    const expected = philox4x32(counter, [keys[2 * i], keys[2 * i + 1]]);
    assertEquals([...actual.subarray(4 * i, 4 * i + 4)], [...expected], `counter ${counter}`);
    assertEquals(uniform[i], ((expected[0] >>> 9) + 0.5) / 2 ** 23);
    assert(uniform[i] > 0 && uniform[i] < 1);
  }
});
