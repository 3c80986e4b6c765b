import { Gpu } from "./runtime/gpu.ts";
import type { Tuning } from "./runtime/tuning.ts";

const opened = new Map<string, Promise<Gpu>>();

/**
 * The device that the tests of one file share. Use `gpuTest` for a test of its own; a test that calls this must turn the resource
 * sanitizer off, because the device outlives it. Where the adapter prefers images for inputs, small inputs are read from images too.
 *
 * @param tuning what to choose differently from the adapter's table; each choice has its own device, and so has each limit
 * @param bindingLimit the most bytes that one tensor may have there
 */
export function testGpu(tuning: Partial<Tuning> = {}, bindingLimit?: number): Promise<Gpu> {
  const key = JSON.stringify([Object.entries(tuning).sort(), bindingLimit]);
  const chosen = { leastImageBytes: 0, mostUncopiedBytes: 0, ...tuning };
  const gpu = opened.get(key) ?? Gpu.open({ tuning: chosen, bindingLimit });
  opened.set(key, gpu);
  return gpu;
}

Deno.test.afterAll(async () => {
  for (const gpu of opened.values()) await (await gpu)[Symbol.asyncDispose]();
});

/** A test that computes on the device. */
export type GpuTestFunction = (gpu: Gpu, t: Deno.TestContext) => void | Promise<void>;

export interface GpuTestOptions {
  /** The test is registered once for each of these, such as `[{}, gpuForms()]`; by default only with the adapter's own tuning. */
  readonly tunings?: readonly Partial<Tuning>[];
  readonly ignore?: boolean;
}

/** Registers a test that runs on the device of `testGpu`. */
export function gpuTest(name: string, fn: GpuTestFunction): void;
export function gpuTest(name: string, options: GpuTestOptions, fn: GpuTestFunction): void;
export function gpuTest(name: string, ...rest: [GpuTestFunction] | [GpuTestOptions, GpuTestFunction]): void {
  const [{ tunings = [{}], ignore = false }, fn] = rest.length === 1 ? [{}, rest[0]] as const : rest;
  for (const tuning of tunings) {
    Deno.test({
      name: tuning.name ? `${name}, as on a ${tuning.name}` : name,
      ignore,
      sanitizeResources: false,
      fn: async (t) => await fn(await testGpu(tuning), t),
    });
  }
}
