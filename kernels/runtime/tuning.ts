/** What is chosen by adapter: sizes that change speed, never results beyond rounding. */
export interface Tuning {
  readonly name: "cpu" | "gpu";
  /** Invocations of a workgroup that owns one row (norms, softmax): one SIMD vector on a CPU driver. */
  readonly rowWorkgroup: number;
  /** Invocations of a workgroup of an elementwise kernel. */
  readonly elementwiseWorkgroup: number;
  /** Invocations of an attention workgroup, four queries each. */
  readonly attentionWorkgroup: number;
  /** Register tiles without barriers win on a CPU driver, shared-memory tiles on a GPU. */
  readonly matmul: "register" | "shared";
  /** Rounds that all loops of one invocation may make together; Mesa's CPU driver ends them, silently, beyond 65,535. */
  readonly maxLoopRounds: number;
}

const TABLE: Readonly<Record<Tuning["name"], Tuning>> = {
  cpu: {
    name: "cpu",
    rowWorkgroup: 8,
    elementwiseWorkgroup: 64,
    attentionWorkgroup: 8,
    matmul: "register",
    maxLoopRounds: 65_535,
  },
  gpu: {
    name: "gpu",
    rowWorkgroup: 64,
    elementwiseWorkgroup: 256,
    attentionWorkgroup: 32,
    matmul: "shared",
    maxLoopRounds: Infinity,
  },
};

/** CPU drivers (lavapipe, SwiftShader) name themselves; anything else is taken for a GPU. */
export function tuningFor(info: Pick<GPUAdapterInfo, "description" | "vendor" | "device">): Tuning {
  const name = `${info.description} ${info.vendor} ${info.device}`.toLowerCase();
  return /llvmpipe|lavapipe|swiftshader/.test(name) ? TABLE.cpu : TABLE.gpu;
}
