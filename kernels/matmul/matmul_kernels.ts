import tanhWgsl from "../elementwise/gelu/gelu_tanh.wgsl" with { type: "text" };
import normalCdfWgsl from "../elementwise/gelu/normal_cdf.wgsl" with { type: "text" };
import type { BlockKernel } from "../runtime/block_kernel.ts";
import vec4Wgsl from "../runtime/block_vec4.wgsl" with { type: "text" };
import type { Gpu } from "../runtime/gpu.ts";
import { defineKernel } from "../runtime/kernel.ts";
import { loopRounds } from "../runtime/loop_limit.ts";
import { BYTES_PER_ELEMENT } from "../runtime/tensor.ts";
import epilogueWgsl from "./epilogue.wgsl" with { type: "text" };
import fewRowsWgsl from "./few_rows.wgsl" with { type: "text" };
import operandsWgsl from "./operands.wgsl" with { type: "text" };
import registerWgsl from "./register_tile.wgsl" with { type: "text" };
import sharedWgsl from "./shared_tile.wgsl" with { type: "text" };
import storeF32Wgsl from "./store_f32.wgsl" with { type: "text" };
import storeVec4Wgsl from "./store_vec4.wgsl" with { type: "text" };
import stripWgsl from "./strip.wgsl" with { type: "text" };

/** How one kernel covers an output of M rows and N columns. */
export interface MatmulLayout {
  readonly constants: Readonly<Record<string, number>>;
  readonly workgroups: readonly [number, number];
  /** How many invocations of a workgroup lie along N, where the WGSL leaves that open. */
  readonly lanesAlongN?: number;
}

export interface MatmulKernel {
  /** For N that is a multiple of 4, and for any other. */
  readonly kernel: BlockKernel;
  /** How many rows of K a round of the longest loop sums, and the rounds of its inner loops. */
  readonly step: number;
  readonly roundsInside: number;
  readonly layout: (m: number, n: number, b?: SecondOperand) => MatmulLayout;
}

/** How B lies in memory: K rows of N numbers, or transposed. */
export interface SecondOperand {
  readonly k: number;
  readonly isTransposed: boolean;
}

/** The numbers of rows that a strip may have in the WGSL; the smallest that holds `m` is used. */
const stripRows = (m: number, most: number) => [1, 4, 8].find((rows) => m <= rows && rows <= most) ?? most;

/** Uses registers alone: fastest on CPU drivers. */
export const registerTile: MatmulKernel = {
  kernel: defineMatmul("matmul.register", stripWgsl, registerWgsl),
  step: 4,
  roundsInside: 0,
  layout(m, n, b) {
    const rows = stripRows(m, 16);
    const isLarge = b !== undefined && BYTES_PER_ELEMENT * b.k * n >= LARGE_BYTES;
    const lanes = isLarge ? lanesForLarge(m, n, rows, b.isTransposed) : lanesAlongColumns(m, n, rows);
    return {
      constants: { ROWS: rows, WORKGROUP: REGISTER_LANES },
      workgroups: registerGrid(m, n, rows, lanes),
      lanesAlongN: lanes,
    };
  },
};

const sharedKernel = defineMatmul("matmul.shared", sharedWgsl);

/** Uses tiles in workgroup memory, 64 or 128 wide: for GPUs. */
export const sharedTile64 = sharedTile(64);
export const sharedTile128 = sharedTile(128);

/** Splits K among the invocations of a workgroup: for products of few rows on GPUs. */
export const fewRows: MatmulKernel = {
  kernel: defineMatmul("matmul.fewRows", stripWgsl, fewRowsWgsl),
  step: 64,
  roundsInside: 0,
  layout(m, n) {
    const rows = stripRows(m, 8);
    return { constants: { ROWS: rows }, workgroups: [Math.ceil(n / 64), Math.ceil(m / rows)] };
  },
};

const FEW_ROWS = 8;

/** The kernel for an adapter and a size of output. */
export function chooseKernel({ tuning }: Pick<Gpu, "tuning">, m: number, n: number): MatmulKernel {
  if (tuning.matmul === "register") return registerTile;
  if (m <= FEW_ROWS) return fewRows;
  const [x, y] = sharedTile128.layout(m, n).workgroups;
  return x * y >= tuning.largeTiles ? sharedTile128 : sharedTile64;
}

function sharedTile(tile: number): MatmulKernel {
  const depth = 2048 / tile;
  return {
    kernel: sharedKernel,
    step: depth,
    roundsInside: loopRounds(depth),
    layout: (m, n) => ({ constants: { TILE: tile }, workgroups: [Math.ceil(n / tile), Math.ceil(m / tile)] }),
  };
}

const REGISTER_LANES = 8;
const REGISTER_COLUMNS = 16;

function registerGrid(m: number, n: number, rows: number, lanes: number): [number, number] {
  return [Math.ceil(n / (lanes * REGISTER_COLUMNS)), Math.ceil(m / (REGISTER_LANES / lanes * rows))];
}

/** How many of a workgroup's invocations lie along N, the others along M: the choice with the fewest workgroups, then the most along N. */
function lanesAlongColumns(m: number, n: number, rows: number): number {
  const workgroups = (lanes: number) => registerGrid(m, n, rows, lanes).reduce((x, y) => x * y);
  let best = REGISTER_LANES;
  for (let lanes = REGISTER_LANES / 2; lanes >= 1; lanes /= 2) if (workgroups(lanes) < workgroups(best)) best = lanes;
  return best;
}

/** A B of so many bytes lies beyond the caches that a core has to itself. */
const LARGE_BYTES = 2 ** 22;
/** So many times the fewest workgroups may be taken for the sake of caches. */
const MORE_WORKGROUPS = 1.1;

/**
 * The same for a large B. Workgroups follow each other along N, so that all of B passes through the caches for every workgroup along M: the
 * more rows one has, the less often. A transposed B was fastest with two invocations along N (kernels/README.md).
 */
function lanesForLarge(m: number, n: number, rows: number, isTransposed: boolean): number {
  const workgroups = (lanes: number) => registerGrid(m, n, rows, lanes).reduce((x, y) => x * y);
  const most = MORE_WORKGROUPS * workgroups(lanesAlongColumns(m, n, rows));
  return [isTransposed ? 2 : 1, 2, 4, REGISTER_LANES].find((lanes) => workgroups(lanes) <= most)!;
}

function defineMatmul(name: string, ...texts: string[]): BlockKernel {
  const define = (store: string) =>
    defineKernel(name, [vec4Wgsl, tanhWgsl, normalCdfWgsl, operandsWgsl, epilogueWgsl, store, ...texts].join(""));
  return { 1: define(storeF32Wgsl), 4: define(storeVec4Wgsl) };
}
