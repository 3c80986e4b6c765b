import type { Kernel } from "./kernel.ts";
import { BYTES_PER_ELEMENT } from "./tensor.ts";

const BYTES = 1 << 20;
/** The binding size of every `Params`, and the stride of the buffer; no adapter's alignment is larger. */
const STRIDE = 256;

/** The parameters of the dispatches that are encoded but not yet submitted, in one uniform buffer. */
export class ParamsBuffer {
  readonly binding: GPUBufferBinding;
  readonly #device: GPUDevice;
  readonly #buffer: GPUBuffer;
  readonly #data = new DataView(new ArrayBuffer(BYTES));
  #end = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
    this.#buffer = device.createBuffer({
      label: "kernel parameters",
      size: BYTES,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    this.binding = { buffer: this.#buffer, size: STRIDE };
  }

  get isFull(): boolean {
    return this.#end + STRIDE > BYTES;
  }

  /** Appends the parameters of a dispatch and returns their offset. @throws {RangeError} if one is missing */
  put(kernel: Kernel, params: Readonly<Record<string, number>>): number {
    const start = this.#end;
    this.#end += STRIDE;
    kernel.params.forEach(({ name, type }, index) => {
      const value = params[name];
      if (value === undefined) throw new RangeError(`Cannot dispatch ${kernel.name}: parameter ${name} is not given`);
      const at = start + index * BYTES_PER_ELEMENT;
      if (type === "f32") this.#data.setFloat32(at, value, true);
      else if (type === "i32") this.#data.setInt32(at, value, true);
      else this.#data.setUint32(at, value, true);
    });
    return start;
  }

  /** Uploads what was added since the last call; call it right before the submit. */
  upload(): void {
    if (this.#end > 0) this.#device.queue.writeBuffer(this.#buffer, 0, this.#data.buffer, 0, this.#end);
    this.#end = 0;
  }
}
