/** Workgroups along x, y and z. A single number above the device's limit is spread over x and y: see `rowOfWorkgroup` in the WGSL. */
export type Workgroups = number | readonly [number, number, number?];

/** @throws {RangeError} if a dimension that was given is over the limit */
export function gridOf(kernel: string, workgroups: Workgroups, limit: number): [number, number, number] {
  const grid: [number, number, number] = typeof workgroups === "number"
    ? (workgroups <= limit ? [workgroups, 1, 1] : [limit, Math.ceil(workgroups / limit), 1])
    : [workgroups[0], workgroups[1], workgroups[2] ?? 1];
  if (grid.some((size) => size > limit)) {
    throw new RangeError(`Cannot dispatch ${kernel}: [${grid}] workgroups are over this device's limit of ${limit}`);
  }
  return grid;
}
