import type { Op } from "../op.ts";
import { blockSizeOf } from "../runtime/block_kernel.ts";
import { defineElementwiseBlocks, elementwiseGrid } from "../runtime/elementwise.ts";
import type { Gpu } from "../runtime/gpu.ts";
import { loopRounds, requireLoopRounds } from "../runtime/loop_limit.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { embeddingReference } from "./embedding_reference.ts";
import wgsl from "./embedding.wgsl" with { type: "text" };

const forwardKernel = defineElementwiseBlocks("embedding", wgsl, "forward");
const linkKernel = defineElementwiseBlocks("embedding.links", wgsl, "link")[1];
const gatherKernel = defineElementwiseBlocks("embedding.dTable", wgsl, "gather");

/**
 * The rows of a table by index: token and position embeddings, and the selection of states. Where several n have the same
 * id, the gradient of its row is summed in order of n. Every id must be below V; ids are not checked, because they may come
 * from the GPU.
 */
export const embedding: Op<"table" | "ids", Record<never, never>> = {
  name: "embedding",
  axes: { table: "V C", ids: "N", out: "N C" },
  differentiable: ["table"],
  integers: ["ids"],

  forward(gpu, { table, ids }) {
    const [[count], [, size]] = [ids.shape, table.shape];
    const blockSize = blockSizeOf(size);
    const width = size / blockSize;
    const out = gpu.allocate([count, size]);
    gpu.dispatch(forwardKernel[blockSize], {
      bindings: { table, ids, out },
      params: { count, width },
      ...elementwiseGrid(gpu, count * width),
    });
    return { out, saved: {} };
  },

  /** @throws {RangeError} if a CPU driver would end the walk along the n of one id */
  backward(gpu, dOut, { inputs: { table, ids } }) {
    const [count, size] = dOut.shape;
    const blockSize = blockSizeOf(size);
    const width = size / blockSize;
    const links = linksOf(gpu, ids);
    const dTable = gpu.allocate(table.shape);
    gpu.clear(dTable);
    gpu.dispatch(gatherKernel[blockSize], {
      bindings: { ids, savedLinks: links, dOut, dTable },
      params: { count, width },
      ...elementwiseGrid(gpu, count * width, 1),
    });
    gpu.release(links);
    return { table: dTable };
  },

  reference: embeddingReference,
};

/**
 * The chain of the n of every id, `"N 2"`; the caller releases it.
 *
 * @throws {RangeError} if a CPU driver would end the walk along it
 */
export function linksOf(gpu: Gpu, ids: Tensor): Tensor {
  const [count] = ids.shape;
  requireLoopRounds(gpu, "embedding", `gradients of ${count} rows`, loopRounds(count - 1));
  const links = gpu.allocate([count, 2], "u32");
  gpu.dispatch(linkKernel, {
    bindings: { idVecs: ids, links },
    params: { count, width: 0 },
    ...elementwiseGrid(gpu, count, 1),
  });
  return links;
}
