/** The device is lost or refused its work; nothing more can be computed on it. */
export class GpuError extends Error {
  override readonly name: string = "GpuError";
}

/** The GPU has no memory left, which nothing tells before: nothing more can be computed on it. */
export class GpuMemoryError extends GpuError {
  override readonly name = "GpuMemoryError";
}

/** What an error that a device reports means for all that waits for it. @param bufferBytes what its buffers were to take */
export function gpuErrorOf(error: GPUError, bufferBytes: number): GpuError {
  if (!(error instanceof GPUOutOfMemoryError)) return new GpuError(`GPU error: ${error.message}`);
  const gibibytes = (bufferBytes / 2 ** 30).toFixed(2);
  return new GpuMemoryError(`the GPU has no memory left: its buffers were to take ${gibibytes} GiB`);
}

/** A tensor that this device cannot hold: the message is one line that says what needs how much, and what the device gives. */
export class DeviceLimitError extends RangeError {
  override readonly name = "DeviceLimitError";
}
