import type { Tensor } from "./tensor.ts";

/**
 * Checks tensors against their axes, written `"B T C"`, and returns the size of every axis by name. An axis named by a
 * number must have that size; a name that occurs twice must have one size everywhere. `"*"` stands for any shape, which must be
 * the same for every tensor marked so.
 *
 * @throws {RangeError} `Cannot run layerNorm: axis C of weight is 52 but was 53 in x`.
 */
export function axisSizes<Name extends string>(
  op: string,
  axes: Readonly<Record<Name, string>>,
  tensors: Readonly<Partial<Record<Name, Pick<Tensor, "shape">>>>,
): Record<string, number> {
  const sizes: Record<string, number> = {};
  const firstSeenIn: Record<string, string> = {};
  let anyShape: { name: string; shape: readonly number[] } | undefined;
  for (const name in tensors) {
    const shape = tensors[name]!.shape;
    if (axes[name] === "*") {
      anyShape ??= { name, shape };
      if (shape.join() !== anyShape.shape.join()) {
        throw new RangeError(`Cannot run ${op}: ${name} is [${shape}] but ${anyShape.name} is [${anyShape.shape}]`);
      }
      continue;
    }
    const names = axes[name].split(" ").filter((axis) => axis !== "");
    if (names.length !== shape.length) {
      throw new RangeError(
        `Cannot run ${op}: ${name} has ${shape.length} axes [${shape}] but needs ${names.length} (${axes[name]})`,
      );
    }
    names.forEach((axis, index) => {
      const size = shape[index];
      const expected = /^\d+$/.test(axis) ? Number(axis) : sizes[axis];
      if (expected === undefined) {
        sizes[axis] = size;
        firstSeenIn[axis] = name;
      } else if (expected !== size) {
        const where = firstSeenIn[axis] ? ` in ${firstSeenIn[axis]}` : "";
        throw new RangeError(`Cannot run ${op}: axis ${axis} of ${name} is ${size} but was ${expected}${where}`);
      }
    });
  }
  return sizes;
}
