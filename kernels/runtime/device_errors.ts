/** The device is lost or refused its work; nothing more can be computed on it. */
export class GpuError extends Error {
  override readonly name: string = "GpuError";
}

/** The GPU has no memory left, which nothing tells before: nothing more can be computed on it. */
export class GpuMemoryError extends GpuError {
  override readonly name = "GpuMemoryError";
}

/** A tensor that this device cannot hold: the message is one line that says what needs how much, and what the device gives. */
export class DeviceLimitError extends RangeError {
  override readonly name = "DeviceLimitError";
}

/**
 * Tells of what a device reports outside of any call: work that it refuses, memory that it lacks, and that it is lost.
 *
 * @param bufferBytes returns what its buffers take
 */
export function watchErrors(device: GPUDevice, bufferBytes: () => number, tell: (error: GpuError) => void): void {
  device.addEventListener("uncapturederror", (event) => {
    event.preventDefault();
    const { error } = event as GPUUncapturedErrorEvent;
    tell(
      error instanceof GPUOutOfMemoryError ? memoryError(bufferBytes()) : new GpuError(`GPU error: ${error.message}`),
    );
  });
  device.lost.then(({ message }) => tell(new GpuError(`GPU device lost: ${message}`)));
}

function memoryError(bufferBytes: number): GpuMemoryError {
  const gibibytes = (bufferBytes / 2 ** 30).toFixed(2);
  return new GpuMemoryError(`the GPU has no memory left: its buffers were to take ${gibibytes} GiB`);
}
