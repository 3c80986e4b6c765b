import { BYTES_PER_ELEMENT, sizeBytes, type Tensor } from "./tensor.ts";

/** What the CPU maps at once, unless one tensor has more: it is in memory twice until it is copied. */
const MOST_MAPPED_BYTES = 2 ** 26;

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

  /**
   * All tensors, in as few parts as buffers of `mostBytes` can take, each to be read before the next one is asked for.
   *
   * @param mostBytes of a part; more than 64 MiB are not mapped at once in any case, unless one tensor has more
   */
  static *inTurn(
    device: GPUDevice,
    tensors: readonly Tensor[],
    mostBytes: number,
  ): Generator<ReadBack> {
    for (let start = 0, end = 0; start < tensors.length; start = end) {
      let size = 0;
      do size += sizeBytes(tensors[end++].shape); while (
        end < tensors.length && size + sizeBytes(tensors[end].shape) <= Math.min(mostBytes, MOST_MAPPED_BYTES)
      );
      const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
      const staging = device.createBuffer({ label: "read-back", size: Math.max(size, BYTES_PER_ELEMENT), usage });
      yield new ReadBack(tensors.slice(start, end), staging);
    }
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
