import { embedding } from "#kernels/embedding/embedding.ts";
import { embeddingOfBlocks } from "#kernels/embedding/embedding_blocks.ts";
import { linear, linearWithBias } from "#kernels/linear/linear.ts";
import { linearOfBlocks } from "#kernels/linear/linear_blocks.ts";
import { blockNames } from "#kernels/row_blocks.ts";
import { DeviceLimitError } from "#kernels/runtime/device_errors.ts";
import { BYTES_PER_ELEMENT, elementCount, type Shape } from "#kernels/runtime/tensor.ts";
import { concat } from "#kernels/concat/concat.ts";
import { widenRows } from "#kernels/widen/widen.ts";
import type { Tape, Variable, Weight } from "#lib/autograd/tape.ts";
import { NarrowWeight } from "./narrow_weight.ts";

/** Blocks but the last have a multiple of this many rows, so that the parts of a bias of them can be bound. */
const ROW_STEP = 64;

export interface Rows {
  readonly first: number;
  readonly count: number;
}

/**
 * How the rows of a table are parted, so that one binding holds each block: 50,257 rows of 768 in 128 MiB are 43,648 + 6,609.
 *
 * @param firstRows so many rows, from the first, are to end with a block; default all
 * @throws {DeviceLimitError} if 64 rows are over the limit
 */
export function partRows(name: string, shape: Shape, limitBytes: number, firstRows = shape[0]): Rows[] {
  const rowBytes = elementCount(shape.slice(1)) * BYTES_PER_ELEMENT;
  const most = ROW_STEP * Math.floor(limitBytes / (ROW_STEP * rowBytes));
  if (most === 0) {
    throw new DeviceLimitError(
      `Cannot make parameter ${name} [${shape}]: ${ROW_STEP} of its rows take ${ROW_STEP * rowBytes} bytes, ` +
        `which are over this device's limit of ${limitBytes} for one binding`,
    );
  }
  return [...partsOf(0, firstRows, most), ...partsOf(firstRows, shape[0], most)];
}

/** The rows from `start` to before `end` in parts of at most so many. */
function partsOf(start: number, end: number, most: number): Rows[] {
  const parts: Rows[] = [];
  for (let first = start; first < end; first += most) parts.push({ first, count: Math.min(most, end - first) });
  return parts;
}

/** Rows of a table by index: ids `"N"` → `"N C"`, over the table's blocks (`Weights.blocks`). */
export function embed(tape: Tape, blocks: readonly Weight[], ids: Variable): Variable {
  const narrow = blocks.filter((block) => block instanceof NarrowWeight).map(({ tensor }) => tensor);
  if (narrow.length > 0) return tape.constant(tape.adopt(widenRows(tape.gpu, narrow, ids.value)));
  return blocks.length === 1
    ? tape.apply(embedding, { table: tape.parameter(blocks[0]), ids }, {})
    : tape.apply(embeddingOfBlocks(blocks.length), { ids, ...blockVariables(tape, blocks) }, {});
}

/** A head over a table's rows: x `"N C"` → x Wᵀ (+ b), `"N V"`, over the table's blocks (`Weights.blocks`). */
export function outputHead(tape: Tape, blocks: readonly Weight[], x: Variable, bias?: Weight): Variable {
  if (!bias && blocks.every((block) => block instanceof NarrowWeight)) return narrowHead(tape, blocks, x);
  const biases = bias ? { bias: tape.parameter(bias) } : undefined;
  if (blocks.length > 1) {
    const op = linearOfBlocks(blocks.length, bias !== undefined);
    return tape.apply(op, { x, ...blockVariables(tape, blocks), ...biases }, {});
  }
  const weight = tape.parameter(blocks[0]);
  return biases ? tape.apply(linearWithBias, { x, weight, ...biases }, {}) : tape.apply(linear, { x, weight }, {});
}

/** One block after the other is widened, and given back. */
function narrowHead(tape: Tape, blocks: readonly Weight[], x: Variable): Variable {
  const columns = blocks.map((block) =>
    tape.block((part) => part.apply(linear, { x, weight: part.parameter(block) }, {}))
  );
  return columns.reduce((left, right) => tape.block((part) => part.apply(concat, { x: left, y: right }, {})));
}

function blockVariables(tape: Tape, blocks: readonly Weight[]): Record<string, Variable> {
  return Object.fromEntries(blockNames(blocks.length).map((name, i) => [name, tape.parameter(blocks[i])]));
}
