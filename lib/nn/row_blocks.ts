import { embedding } from "#kernels/embedding/embedding.ts";
import { embeddingOfBlocks } from "#kernels/embedding/embedding_blocks.ts";
import { linear, linearWithBias } from "#kernels/linear/linear.ts";
import { linearOfBlocks } from "#kernels/linear/linear_blocks.ts";
import { blockNames } from "#kernels/row_blocks.ts";
import { DeviceLimitError } from "#kernels/runtime/device_errors.ts";
import { BYTES_PER_ELEMENT, elementCount, type Shape } from "#kernels/runtime/tensor.ts";
import type { Parameter, Tape, Variable } from "#lib/autograd/tape.ts";

/** Blocks but the last have a multiple of this many rows, so that the parts of a bias of them can be bound. */
const ROW_STEP = 64;

export interface Rows {
  readonly first: number;
  readonly count: number;
}

/**
 * How the rows of a table are parted, so that one binding holds each block: 50,257 rows of 768 in 128 MiB are 43,648 + 6,609.
 *
 * @throws {DeviceLimitError} if 64 rows are over the limit
 */
export function partRows(name: string, shape: Shape, limitBytes: number): Rows[] {
  const [rows] = shape;
  const rowBytes = elementCount(shape.slice(1)) * BYTES_PER_ELEMENT;
  const most = ROW_STEP * Math.floor(limitBytes / (ROW_STEP * rowBytes));
  if (most === 0) {
    throw new DeviceLimitError(
      `Cannot make parameter ${name} [${shape}]: ${ROW_STEP} of its rows take ${ROW_STEP * rowBytes} bytes, ` +
        `which are over this device's limit of ${limitBytes} for one binding`,
    );
  }
  const parts: Rows[] = [];
  for (let first = 0; first < rows; first += most) parts.push({ first, count: Math.min(most, rows - first) });
  return parts;
}

/** Rows of a table by index: ids `"N"` → `"N C"`, over the table's blocks (`ParameterStore.blocks`). */
export function embed(tape: Tape, blocks: readonly Parameter[], ids: Variable): Variable {
  return blocks.length === 1
    ? tape.apply(embedding, { table: tape.parameter(blocks[0]), ids }, {})
    : tape.apply(embeddingOfBlocks(blocks.length), { ids, ...blockVariables(tape, blocks) }, {});
}

/** A head over a table's rows: x `"N C"` → x Wᵀ (+ b), `"N V"`, over the table's blocks (`ParameterStore.blocks`). */
export function outputHead(tape: Tape, blocks: readonly Parameter[], x: Variable, bias?: Parameter): Variable {
  const biases = bias ? { bias: tape.parameter(bias) } : undefined;
  if (blocks.length > 1) {
    const op = linearOfBlocks(blocks.length, bias !== undefined);
    return tape.apply(op, { x, ...blockVariables(tape, blocks), ...biases }, {});
  }
  const weight = tape.parameter(blocks[0]);
  return biases ? tape.apply(linearWithBias, { x, weight, ...biases }, {}) : tape.apply(linear, { x, weight }, {});
}

function blockVariables(tape: Tape, blocks: readonly Parameter[]): Record<string, Variable> {
  return Object.fromEntries(blockNames(blocks.length).map((name, i) => [name, tape.parameter(blocks[i])]));
}
