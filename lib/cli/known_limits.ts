import { requestAdapter } from "#kernels/runtime/adapter.ts";
import { tuningFor } from "#kernels/runtime/tuning.ts";
import { InputError } from "#lib/errors.ts";
import type { AdapterLimits } from "#lib/memory/fit.ts";
import { excerpt } from "#lib/visible_text.ts";
import type { Flag } from "./command.ts";

const GIBIBYTE = 2 ** 30;
/** What of a machine's memory a GPU that shares it gives to one program, where it does not say: Metal's limit is near. */
const SHARED_MEMORY = 0.7;

export const MEMORY_FLAG = {
  kind: "text",
  value: "GIB",
  help: "the GPU's memory, which WebGPU does not tell",
} as const satisfies Flag;

/** Limits of the adapter, and where its memory is known from. */
export interface KnownLimits extends AdapterLimits {
  readonly memorySource?: string;
}

interface KnownMemory {
  readonly bytes: number;
  readonly source: string;
}

/**
 * What the adapter gives, and the memory as far as it is known.
 *
 * @param memory of `--memory`
 * @param bindingLimit bytes that one tensor may have, where that is less than the adapter takes
 *
 * @throws {InputError} if that is no number
 * @throws {NoAdapterError} where there is none
 */
export async function knownLimits(memory: string | undefined, bindingLimit = Infinity): Promise<KnownLimits> {
  const given = givenMemory(memory);
  const { info, limits } = await requestAdapter();
  const known = given ?? sharedMemory(info);
  return {
    bindingBytes: Math.min(bindingLimit, limits.maxStorageBufferBindingSize),
    bufferBytes: limits.maxBufferSize,
    memoryBytes: known?.bytes,
    memorySource: known?.source,
    inputs: tuningFor(info).inputs,
  };
}

function givenMemory(text: string | undefined): KnownMemory | undefined {
  if (text === undefined) return undefined;
  const gibibytes = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (!(gibibytes > 0)) throw new InputError(`--memory ${excerpt(text)}: must be a number of GiB, as in 12`);
  return { bytes: gibibytes * GIBIBYTE, source: "--memory" };
}

/** What a CPU driver, or a GPU that has the system's memory, can use; undefined of one with its own. */
function sharedMemory(info: GPUAdapterInfo): KnownMemory | undefined {
  const isCpu = tuningFor(info).name === "cpu";
  const isUnified = /apple/i.test(`${info.vendor} ${info.description}`);
  if (!isCpu && !isUnified) return undefined;
  const { total } = Deno.systemMemoryInfo();
  return isCpu
    ? { bytes: total, source: "the machine's memory, which the CPU driver uses" }
    : { bytes: SHARED_MEMORY * total, source: "70 % of the machine's memory, which the GPU shares" };
}
