import { assert, assertEquals, assertRejects } from "@std/assert";
import { gpuTest } from "../test_gpu.ts";
import { NoAdapterError, requestAdapter } from "./adapter.ts";
import { Gpu } from "./gpu.ts";

/** Runs with another `navigator.gpu`, then restores the real one. */
async function withNavigatorGpu(stub: unknown, run: () => Promise<void>): Promise<void> {
  Object.defineProperty(navigator, "gpu", { value: stub, configurable: true });
  try {
    await run();
  } finally {
    Reflect.deleteProperty(navigator, "gpu");
  }
}

Deno.test("no adapter is a NoAdapterError that says in one line what to install", async () => {
  await withNavigatorGpu({ requestAdapter: () => Promise.resolve(null) }, async () => {
    const error = await assertRejects(requestAdapter, NoAdapterError, "no WebGPU adapter: install");
    assertEquals(error.name, "NoAdapterError");
    assert(!error.message.includes("\n"));
    await assertRejects(() => Gpu.open(), NoAdapterError);
  });
});

Deno.test("a runtime without WebGPU is a NoAdapterError too", async () => {
  await withNavigatorGpu(undefined, async () => {
    await assertRejects(requestAdapter, NoAdapterError);
  });
});

Deno.test("the fastest adapter is asked for", async () => {
  const asked: unknown[] = [];
  const found = { limits: {} };
  const stub = { requestAdapter: (options: unknown) => (asked.push(options), Promise.resolve(found)) };
  await withNavigatorGpu(stub, async () => {
    assert(await requestAdapter() as unknown === found);
  });
  assertEquals(asked, [{ powerPreference: "high-performance" }]);
});

gpuTest(
  "the device gets the adapter's own limits, above WebGPU's defaults, and its timestamps where it has them",
  async (gpu) => {
    const adapter = await requestAdapter();
    for (
      const name of ["maxStorageBufferBindingSize", "maxBufferSize", "maxComputeInvocationsPerWorkgroup"] as const
    ) {
      assertEquals(gpu.device.limits[name], adapter.limits[name], name);
    }
    for (const feature of ["timestamp-query", "shader-f16"] as const) {
      assertEquals(gpu.device.features.has(feature), adapter.features.has(feature), feature);
    }
  },
);
