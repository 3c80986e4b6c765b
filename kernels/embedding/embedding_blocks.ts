import type { Op } from "../op.ts";
import { blockAxes, blockNames, rowBlocks, wholeTable } from "../row_blocks.ts";
import { blockSizeOf } from "../runtime/block_kernel.ts";
import { defineElementwiseBlocks, elementwiseGrid } from "../runtime/elementwise.ts";
import { linksOf } from "./embedding.ts";
import { embeddingReference } from "./embedding_reference.ts";
import wgsl from "./embedding_blocks.wgsl" with { type: "text" };

const forwardKernel = defineElementwiseBlocks("embeddingOfBlocks", wgsl, "forward");
const gatherKernel = defineElementwiseBlocks("embeddingOfBlocks.dTable", wgsl, "gather");

/**
 * `embedding` of a table that lies in `count` blocks of rows, `block0` `"V0 C"`, `block1` `"V1 C"`, …: equal to it to the bit, forward and
 * backward.
 */
export function embeddingOfBlocks(count: number): Op<string, Record<never, never>> {
  return {
    name: "embeddingOfBlocks",
    axes: { ids: "N", ...blockAxes(count, "C"), out: "N C" },
    differentiable: blockNames(count),
    integers: ["ids"],

    forward(gpu, inputs) {
      const { ids, block0 } = inputs;
      const [[rows], [, size]] = [ids.shape, block0.shape];
      const blockSize = blockSizeOf(size);
      const width = size / blockSize;
      const out = gpu.allocate([rows, size]);
      for (const block of rowBlocks(inputs, count)) {
        gpu.dispatch(forwardKernel[blockSize], {
          bindings: { table: block.tensor, ids, out },
          params: { count: rows, width, first: block.firstRow, rows: block.rows },
          ...elementwiseGrid(gpu, rows * width),
        });
      }
      return { out, saved: {} };
    },

    /** @throws {RangeError} if a CPU driver would end the walk along the n of one id */
    backward(gpu, dOut, { inputs, wanted }) {
      const [rows, size] = dOut.shape;
      const blockSize = blockSizeOf(size);
      const width = size / blockSize;
      const { ids } = inputs;
      const links = linksOf(gpu, ids);
      const gradients = rowBlocks(inputs, count).filter(({ name }) => wanted.has(name)).map((block) => {
        const dTable = gpu.allocate(block.tensor.shape);
        gpu.clear(dTable);
        gpu.dispatch(gatherKernel[blockSize], {
          bindings: { ids, savedLinks: links, dOut, dTable },
          params: { count: rows, width, first: block.firstRow, rows: block.rows },
          ...elementwiseGrid(gpu, rows * width, 1),
        });
        return [block.name, dTable] as const;
      });
      gpu.release(links);
      return Object.fromEntries(gradients);
    },

    reference: (inputs) => embeddingReference({ table: wholeTable(inputs, count), ids: inputs.ids }),
  };
}
