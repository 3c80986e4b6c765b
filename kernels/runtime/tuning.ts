/** What is chosen by adapter: sizes that change speed, never results beyond rounding. */
export interface Tuning {
  readonly name: "cpu" | "gpu";
  /** Whether what kernels load is read from storage buffers or from images of them, which some drivers read faster. */
  readonly inputs: "buffer" | "image";
  /** Bytes of the largest input from which on a dispatch reads images: below, what the copies cost is more than they save. */
  readonly leastImageBytes: number;
  /** Bytes of an input below which it is read from its buffer, if it has changed and nothing else has to be copied. */
  readonly mostUncopiedBytes: number;
  /** Whether a row (of norms, of a softmax) is owned by a workgroup, or by an invocation alone, without memory shared. */
  readonly rowsBy: "workgroup" | "invocation";
  /** Invocations of a workgroup of a row kernel: one SIMD vector on a CPU driver. */
  readonly rowWorkgroup: number;
  /** Invocations of a workgroup of an elementwise kernel. */
  readonly elementwiseWorkgroup: number;
  /** Items that an invocation of an elementwise kernel computes. */
  readonly itemsOfInvocation: number;
  /** Rows that one invocation adds up in sums over rows: more parts fill a GPU, and cost another dispatch. */
  readonly rowsOfPart: number;
  /** Four queries an invocation in registers for a CPU driver; for GPUs tiles in workgroup memory and eight times the invocations. */
  readonly attention: "register" | "tile";
  /** Register tiles without barriers win on a CPU driver, shared-memory tiles on a GPU. */
  readonly matmul: "register" | "shared";
  /** Tiles of 128 x 128 from which on a product takes them: enough for every core of a GPU, else tiles of 64 x 64. */
  readonly largeTiles: number;
  /** Rounds that all loops of one invocation may make together; Mesa's CPU driver ends them, silently, beyond 65,535. */
  readonly maxLoopRounds: number;
}

const TABLE: Readonly<Record<Tuning["name"], Tuning>> = {
  cpu: {
    name: "cpu",
    inputs: "image",
    leastImageBytes: 32_768,
    mostUncopiedBytes: 16_384,
    rowsBy: "invocation",
    rowWorkgroup: 8,
    elementwiseWorkgroup: 64,
    itemsOfInvocation: 4,
    rowsOfPart: 2048,
    attention: "register",
    matmul: "register",
    largeTiles: Infinity,
    maxLoopRounds: 65_535,
  },
  gpu: {
    name: "gpu",
    inputs: "buffer",
    leastImageBytes: Infinity,
    mostUncopiedBytes: 0,
    rowsBy: "workgroup",
    rowWorkgroup: 64,
    elementwiseWorkgroup: 256,
    itemsOfInvocation: 1,
    rowsOfPart: 64,
    attention: "tile",
    matmul: "shared",
    largeTiles: 128,
    maxLoopRounds: Infinity,
  },
};

/** CPU drivers (lavapipe, SwiftShader) name themselves; anything else is taken for a GPU. SwiftShader reads images slower than buffers. */
export function tuningFor(info: Pick<GPUAdapterInfo, "description" | "vendor" | "device">): Tuning {
  const name = `${info.description} ${info.vendor} ${info.device}`.toLowerCase();
  if (/swiftshader/.test(name)) return { ...TABLE.cpu, inputs: "buffer" };
  return /llvmpipe|lavapipe/.test(name) ? TABLE.cpu : TABLE.gpu;
}

/** The forms of kernels that GPUs run, for tests of them on any adapter: how long it lets loops last is its own. */
export function gpuForms(): Partial<Tuning> {
  const { maxLoopRounds: _, ...forms } = TABLE.gpu;
  return forms;
}
