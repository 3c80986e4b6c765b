import { defineRowKernel, elementLanes, elementwiseGrid, kernelOfLanes } from "../add/elementwise.ts";
import type { Op } from "../op.ts";
import { embeddingReference } from "./embedding_reference.ts";
import wgsl from "./embedding.wgsl" with { type: "text" };

const forwardKernel = defineRowKernel("embedding", wgsl, "forward");
const linkKernel = defineRowKernel("embedding.links", wgsl, "link").f32;
const gatherKernel = defineRowKernel("embedding.dTable", wgsl, "gather");

/**
 * The rows of a table by index: token and position embeddings, and the selection of states. The gradient of a row that
 * several n name is summed in order of n. Every id must be below V: ids are not checked, as they may come from the GPU.
 */
export const embedding: Op<"table" | "ids", Record<never, never>> = {
  name: "embedding",
  axes: { table: "V C", ids: "N", out: "N C" },
  differentiable: ["table"],
  integers: ["ids"],

  forward(gpu, { table, ids }) {
    const [[count], [, size]] = [ids.shape, table.shape];
    const lanes = elementLanes(size);
    const width = size / lanes;
    const out = gpu.allocate([count, size]);
    gpu.dispatch(kernelOfLanes(forwardKernel, lanes), {
      bindings: { table, ids, out },
      params: { count, width },
      ...elementwiseGrid(gpu, count * width),
    });
    return { out, saved: {} };
  },

  backward(gpu, dOut, { inputs: { table, ids } }) {
    const [count, size] = dOut.shape;
    const lanes = elementLanes(size);
    const width = size / lanes;
    const links = gpu.allocate([count, 2], "u32");
    gpu.dispatch(linkKernel, {
      bindings: { idVecs: ids, links },
      params: { count, width },
      ...elementwiseGrid(gpu, count),
    });
    const dTable = gpu.allocate(table.shape);
    gpu.clear(dTable);
    gpu.dispatch(kernelOfLanes(gatherKernel, lanes), {
      bindings: { ids, savedLinks: links, dOut, dTable },
      params: { count, width },
      ...elementwiseGrid(gpu, count * width),
    });
    gpu.release(links);
    return { table: dTable };
  },

  reference: embeddingReference,
};
