/** There is no WebGPU adapter: the command line exits with status 3 and says how to fix that. */
export class NoAdapterError extends Error {
  override readonly name = "NoAdapterError";
}

const NO_ADAPTER = "no WebGPU adapter: install a GPU driver with Vulkan, Metal or DirectX 12, " +
  "or the CPU driver (Debian: apt-get install mesa-vulkan-drivers); ./run does it, `deno task doctor` tells more";

/** The adapter that the runner uses: the fastest one, whether a GPU or a CPU driver. */
export async function requestAdapter(): Promise<GPUAdapter> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new NoAdapterError(NO_ADAPTER);
  return adapter;
}

/** The name under which results are recorded, because other adapters round differently. */
export function adapterName({ description, vendor, architecture }: GPUAdapterInfo): string {
  return [description, vendor, architecture].filter((part) => part !== "").join(", ");
}

/** Asks for everything the adapter can do: WebGPU's defaults would cap bindings at 128 MiB and workgroups at 256. */
export function requestDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const requiredLimits: Record<string, number> = {};
  for (const name in adapter.limits) {
    const value = (adapter.limits as unknown as Record<string, unknown>)[name];
    if (typeof value === "number" && /^max(Storage|Buffer|Compute|Uniform|Bind|Texture)/.test(name)) {
      requiredLimits[name] = value;
    }
  }
  const wanted: GPUFeatureName[] = ["timestamp-query", "shader-f16"];
  return adapter.requestDevice({
    requiredFeatures: wanted.filter((feature) => adapter.features.has(feature)),
    requiredLimits,
  });
}
