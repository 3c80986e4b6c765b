/** Neighbours that have one key together, in their order; one without a key stands alone. */
export function runsOf<Item>(items: readonly Item[], keyOf: (item: Item) => string | undefined): Item[][] {
  const runs: Item[][] = [];
  for (const item of items) {
    const key = keyOf(item);
    const last = runs.at(-1);
    if (last && key !== undefined && keyOf(last[0]) === key) last.push(item);
    else runs.push([item]);
  }
  return runs;
}
