import { Gpu } from "./runtime/gpu.ts";

let opened: Promise<Gpu> | undefined;

/** The device that the tests of one file share; tests that use it turn the resource sanitizer off. */
export function testGpu(): Promise<Gpu> {
  return opened ??= Gpu.open();
}

Deno.test.afterAll(async () => {
  if (opened) await (await opened)[Symbol.asyncDispose]();
});
