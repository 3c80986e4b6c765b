import { MOST_LOGITS_BYTES, type Tuning } from "#kernels/runtime/tuning.ts";
import { planFor } from "./apart.ts";
import type { Distillation, MemoryPlan, PlannedTensor } from "./plan.ts";

/** What an adapter gives, in bytes. */
export interface AdapterLimits {
  /** `maxStorageBufferBindingSize`. */
  readonly bindingBytes: number;
  /** `maxBufferSize`. */
  readonly bufferBytes: number;
  /** Undefined where nothing says it: WebGPU does not. */
  readonly memoryBytes?: number;
  /** Whether its kernels read images of their inputs: `Tuning.inputs`. Default buffers. */
  readonly inputs?: Tuning["inputs"];
}

/** A tensor that is over a limit, and what becomes of it. */
export interface TensorOver {
  readonly tensor: PlannedTensor;
  readonly limit: "binding" | "buffer";
  readonly limitBytes: number;
  /** Into how many blocks of rows a table is cut, which then is within the limit. */
  readonly blocks?: number;
}

/** Whether a distillation can run on an adapter, and what keeps it from that. */
export interface Fit {
  readonly plan: MemoryPlan;
  /** The largest of each kind, the largest first. */
  readonly over: readonly TensorOver[];
  /** Undefined where the memory is not known. */
  readonly hasMemory: boolean | undefined;
  readonly fits: boolean;
  /** The most of a step's texts at once that fit; undefined where one is too many. */
  readonly mostTexts: number | undefined;
}

/** Judges a distillation by the limits of an adapter. */
export function judgeFit(distillation: Distillation, limits: AdapterLimits): Fit {
  const fit = judge(distillation, limits);
  return { ...fit, mostTexts: fit.fits ? textsAtOnceOf(distillation) : mostTexts(distillation, limits) };
}

function judge(distillation: Distillation, limits: AdapterLimits): Omit<Fit, "mostTexts"> {
  const logitsAtOnce = Math.min(MOST_LOGITS_BYTES, limits.bindingBytes);
  const texts = { ...distillation.texts, logitsAtOnce };
  const plan = planFor({ readsImages: limits.inputs === "image", ...distillation, texts });
  const over = plan.tensors.flatMap((tensor) => overLimit(tensor, limits) ?? []);
  const hasMemory = limits.memoryBytes === undefined ? undefined : plan.totalBytes <= limits.memoryBytes;
  const fits = over.every(({ blocks }) => blocks !== undefined) && hasMemory !== false;
  return { plan, over, hasMemory, fits };
}

/** By halving: what fewer texts need is less in every part. */
function mostTexts(distillation: Distillation, limits: AdapterLimits): number | undefined {
  const { saving, textsWritten } = distillation;
  const fitsAt = (textsAtOnce: number) => {
    const written = textsWritten && Math.min(textsWritten, textsAtOnce);
    return judge({ ...distillation, textsWritten: written, saving: { ...saving, textsAtOnce } }, limits).fits;
  };
  let [fitting, failing] = [0, textsAtOnceOf(distillation)];
  while (failing - fitting > 1) {
    const middle = Math.floor((fitting + failing) / 2);
    if (fitsAt(middle)) fitting = middle;
    else failing = middle;
  }
  return fitting === 0 ? undefined : fitting;
}

function textsAtOnceOf({ texts: { batch }, saving }: Distillation): number {
  return Math.min(batch, saving?.textsAtOnce ?? batch);
}

function overLimit(tensor: PlannedTensor, { bindingBytes, bufferBytes }: AdapterLimits): TensorOver | undefined {
  const [limit, limitBytes] = bufferBytes < bindingBytes
    ? ["buffer" as const, bufferBytes]
    : ["binding" as const, bindingBytes];
  if (tensor.bytes <= limitBytes) return undefined;
  return { tensor, limit, limitBytes, blocks: tensor.isTable ? blocksOf(tensor, limitBytes) : undefined };
}

function blocksOf({ shape: [rows, ...row] }: PlannedTensor, limitBytes: number): number | undefined {
  const rowBytes = 4 * row.reduce((total, size) => total * size, 1);
  const rowsOfBlock = Math.floor(limitBytes / rowBytes);
  return rowsOfBlock < 1 ? undefined : Math.ceil(rows / rowsOfBlock);
}
