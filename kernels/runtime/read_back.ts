import { BYTES_PER_ELEMENT, sizeBytes, type Tensor } from "./tensor.ts";

/** The values of a tensor on the CPU. */
export type TypedArray = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** Reads several tensors at once: their values are copied to a buffer that the CPU maps. */
export class ReadBack {
  readonly #tensors: readonly Tensor[];
  readonly #staging: GPUBuffer;

  private constructor(tensors: readonly Tensor[], staging: GPUBuffer) {
    this.#tensors = tensors;
    this.#staging = staging;
  }

  /** Undefined where there is nothing to read. */
  static of(device: GPUDevice, tensors: readonly Tensor[]): ReadBack | undefined {
    const size = tensors.reduce((sum, { shape }) => sum + sizeBytes(shape), 0);
    if (size === 0) return undefined;
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    return new ReadBack(tensors, device.createBuffer({ label: "read-back", size, usage }));
  }

  copy(commands: GPUCommandEncoder): void {
    let offset = 0;
    for (const { buffer, offset: start, shape } of this.#tensors) {
      commands.copyBufferToBuffer(buffer, start, this.#staging, offset, sizeBytes(shape));
      offset += sizeBytes(shape);
    }
  }

  /** Waits for what was submitted, and returns the values. Call it once. */
  async values(): Promise<TypedArray[]> {
    await this.#staging.mapAsync(GPUMapMode.READ);
    const bytes = this.#staging.getMappedRange().slice(0);
    this.#staging.destroy();
    let end = 0;
    return this.#tensors.map(({ dtype, shape }) => {
      const start = end;
      end += sizeBytes(shape);
      const ArrayType = dtype === "f32" ? Float32Array : Uint32Array;
      return new ArrayType(bytes, start, sizeBytes(shape) / BYTES_PER_ELEMENT);
    });
  }
}
