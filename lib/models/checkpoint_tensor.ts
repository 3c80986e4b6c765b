/** Rows of a parameter that a checkpoint keeps as a tensor of its own. */
export interface CheckpointTensor {
  readonly name: string;
  readonly parameter: string;
  readonly firstRow: number;
  readonly shape: readonly number[];
}

/** A parameter that a checkpoint keeps as it is. */
export function wholeTensor(name: string, shape: readonly number[]): CheckpointTensor {
  return { name, parameter: name, firstRow: 0, shape };
}

/** The parts, by name and rows, of a parameter that does several projections in one product; `fused` is its name's part for them. */
export function splitRows(
  parameter: string,
  [, ...inner]: readonly number[],
  fused: string,
  parts: Readonly<Record<string, number>>,
): CheckpointTensor[] {
  let firstRow = 0;
  return Object.entries(parts).map(([part, rows]) => {
    const tensor = { name: parameter.replace(fused, part), parameter, firstRow, shape: [rows, ...inner] };
    firstRow += rows;
    return tensor;
  });
}
