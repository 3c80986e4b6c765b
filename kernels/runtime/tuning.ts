/** What is chosen by adapter: sizes and forms that change speed, and results only by rounding. */
export interface Tuning {
  readonly name: "cpu" | "gpu";
  /** Whether kernels load their inputs from storage buffers, or from images of them, which some drivers read faster. */
  readonly inputs: "buffer" | "image";
  /** A dispatch reads images if its largest input has at least this many bytes; for less, the copies cost more than they save. */
  readonly leastImageBytes: number;
  /** An input of fewer bytes that has changed is read from its buffer, unless something else has to be copied anyway. */
  readonly mostUncopiedBytes: number;
  /** Whether a row (of norms, of a softmax) belongs to a workgroup, or to one invocation, without shared memory. */
  readonly rowsBy: "workgroup" | "invocation";
  /** Invocations of a workgroup of a row kernel: one SIMD vector on a CPU driver. */
  readonly rowWorkgroup: number;
  /** Invocations of a workgroup of an elementwise kernel. */
  readonly elementwiseWorkgroup: number;
  /** Items that an invocation of an elementwise kernel computes. */
  readonly itemsOfInvocation: number;
  /** Rows that one invocation adds up in sums over rows. Fewer rows make more parts, which fill a GPU but cost another dispatch. */
  readonly rowsOfPart: number;
  /** Four queries per invocation in registers, for CPU drivers; or tiles in workgroup memory and eight times the invocations, for GPUs. */
  readonly attention: "register" | "tile";
  /** Register tiles without barriers are fastest on a CPU driver, tiles in shared memory on a GPU. */
  readonly matmul: "register" | "shared";
  /** A product with at least this many tiles of 128 x 128 uses them, because they occupy every core of a GPU; others use 64 x 64. */
  readonly largeTiles: number;
  /** The rounds that all loops of one invocation may make together. Mesa's CPU driver ends loops silently beyond 65,535. */
  readonly maxLoopRounds: number;
  /** Logits of one model take at most so many bytes at once: losses of more states are computed for some of these at a time. */
  readonly logitsBytes: number;
}

/** `logitsBytes` of every adapter; a device that binds less at once has less. */
export const MOST_LOGITS_BYTES = 64 * 2 ** 20;

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
    logitsBytes: MOST_LOGITS_BYTES,
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
    logitsBytes: MOST_LOGITS_BYTES,
  },
};

/** CPU drivers (lavapipe, SwiftShader) name themselves; anything else counts as a GPU. SwiftShader reads images more slowly than buffers. */
export function tuningFor(info: Pick<GPUAdapterInfo, "description" | "vendor" | "device">): Tuning {
  const name = `${info.description} ${info.vendor} ${info.device}`.toLowerCase();
  if (/swiftshader/.test(name)) return { ...TABLE.cpu, inputs: "buffer" };
  return /llvmpipe|lavapipe/.test(name) ? TABLE.cpu : TABLE.gpu;
}

/** The forms of kernels that GPUs run, for testing them on any adapter. The limit of loops stays the adapter's own. */
export function gpuForms(): Partial<Tuning> {
  const { maxLoopRounds: _, ...forms } = TABLE.gpu;
  return forms;
}
