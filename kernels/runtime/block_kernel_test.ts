import { assert, assertEquals } from "@std/assert";
import { gpuTest } from "../test_gpu.ts";
import testWgsl from "./block_kernel_test.wgsl" with { type: "text" };
import { type BlockSize, blockSizeOf, defineBlockKernel } from "./block_kernel.ts";
import type { Kernel } from "./kernel.ts";

const kernel = defineBlockKernel("blocks", testWgsl);

Deno.test("blocks hold four numbers where all lengths are multiples of 4, else one", () => {
  assertEquals(blockSizeOf(8), 4);
  assertEquals(blockSizeOf(4, 12, 0), 4);
  assertEquals(blockSizeOf(4, 6), 1);
  assertEquals(blockSizeOf(50_257), 1);
});

Deno.test("both sizes of block are one kernel to its callers: the same name, bindings and parameters", () => {
  assert(kernel[1].wgsl !== kernel[4].wgsl);
  const interfaceOf = ({ wgsl: _, bindings, ...others }: Kernel) => {
    return { ...others, bindings: bindings.map(({ name, access, isLoaded }) => ({ name, access, isLoaded })) };
  };
  assertEquals(interfaceOf(kernel[1]), interfaceOf(kernel[4]));
});

gpuTest(
  "what both sizes of block declare means the same: totals, maxima, entries, the one of a column",
  async (gpu) => {
    const values = Float32Array.of(3, -8, 5, 1, -2, 7, 0.5, 4);
    const x = gpu.upload(values);
    const run = async (blockSize: BlockSize, column: number) => {
      const out = gpu.allocate([4]);
      gpu.dispatch(kernel[blockSize], {
        bindings: { x, out },
        params: { blocks: values.length / blockSize, column },
        workgroups: 1,
      });
      return [...await gpu.read(out)];
    };
    for (let column = 0; column < values.length; column++) {
      const expected = [10.5, 7, values[column], values[column]];
      assertEquals([await run(1, column), await run(4, column)], [expected, expected]);
    }
  },
);
