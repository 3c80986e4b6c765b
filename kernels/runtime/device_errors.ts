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
