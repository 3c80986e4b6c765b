import { Gpu } from "./runtime/gpu.ts";
import type { Tuning } from "./runtime/tuning.ts";

const opened = new Map<string, Promise<Gpu>>();

/**
 * The device that the tests of one file share; tests that use it turn the resource sanitizer off. Where the adapter prefers images for
 * inputs, small ones are read from them too.
 *
 * @param tuning what is chosen otherwise than by the adapter; each choice has a device of its own
 */
export function testGpu(tuning: Partial<Tuning> = {}): Promise<Gpu> {
  const key = JSON.stringify(Object.entries(tuning).sort());
  const gpu = opened.get(key) ?? Gpu.open({ tuning: { leastImageBytes: 0, mostUncopiedBytes: 0, ...tuning } });
  opened.set(key, gpu);
  return gpu;
}

Deno.test.afterAll(async () => {
  for (const gpu of opened.values()) await (await gpu)[Symbol.asyncDispose]();
});
