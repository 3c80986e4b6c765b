/** The device is lost or refused its work; nothing more can be computed on it. */
export class GpuError extends Error {
  override readonly name = "GpuError";
}

/** A tensor that this device cannot hold: the message is one line that says what needs how much, and what the device gives. */
export class DeviceLimitError extends RangeError {
  override readonly name = "DeviceLimitError";
}
