import type { Array64, Named } from "../op.ts";

/** Row ids[n] of the table, for every n. */
export function embeddingReference({ table, ids }: Named<"table" | "ids", Array64>): Array64 {
  const [[count], [, size]] = [ids.shape, table.shape];
  const data = Float64Array.from({ length: count * size }, (_, i) => {
    return table.data[ids.data[Math.floor(i / size)] * size + i % size];
  });
  return { shape: [count, size], data };
}
