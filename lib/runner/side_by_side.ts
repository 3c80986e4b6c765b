import type { CellComputer } from "./compute_cell.ts";

/**
 * Acts on items one after the other, on as many at once as a computer computes. Where one fails, what is being computed for the others
 * is abandoned; its error is thrown when they have ended, too.
 *
 * @param next the item to begin, asked whenever one before has ended
 */
export async function sideBySide<Item>(
  computer: Pick<CellComputer, "width" | "abandon">,
  next: () => Item | undefined,
  act: (item: Item) => Promise<void>,
): Promise<void> {
  const errors: unknown[] = [];
  const lanes = Array.from({ length: computer.width }, async () => {
    try {
      for (let item = next(); item !== undefined && errors.length === 0; item = next()) await act(item);
    } catch (error) {
      errors.push(error);
      computer.abandon();
    }
  });
  await Promise.all(lanes);
  if (errors.length > 0) throw errors[0];
}
