/**
 * Lines of a Markdown table with padded columns, so that it reads well as plain text too.
 *
 * @param grid cells by row, escaped; the first row is the head
 * @param isNumber whether a column is aligned to the right
 */
export function markdownTable(
  grid: readonly (readonly string[])[],
  isNumber: (column: number) => boolean,
): string[] {
  const widths = grid[0].map((_, column) => Math.max(3, ...grid.map((row) => row[column].length)));
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const [header, ...body] = grid.map((row) =>
    line(row.map((text, i) => isNumber(i) ? text.padStart(widths[i]) : text.padEnd(widths[i])))
  );
  const rule = line(widths.map((width, i) => isNumber(i) ? `${"-".repeat(width - 1)}:` : "-".repeat(width)));
  return [header, rule, ...body];
}
