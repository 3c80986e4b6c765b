/**
 * Reuses GPU buffers by size class, so that a training loop creates none from its third step on. It hands out the oldest buffer that
 * is allowed, so that equal steps get equal buffers and find the bind groups that were made from them.
 *
 * A released buffer may be handed out at once for output of the GPU itself, because commands run in order. An upload is
 * different: `writeBuffer` takes effect before commands that are encoded but not yet submitted, so it may only use a buffer
 * that no unsubmitted command touches.
 */
export class BufferPool {
  readonly #device: GPUDevice;
  /** Waiting buffers by size, the oldest last. */
  readonly #submitted = new Map<number, GPUBuffer[]>();
  readonly #unsubmitted = new Map<number, GPUBuffer[]>();
  readonly #ages = new WeakMap<GPUBuffer, number>();
  #nextAge = 0;
  #liveBuffers = 0;
  #liveBytes = 0;
  #peakBytes = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Buffers that exist, in use or waiting. */
  get liveBuffers(): number {
    return this.#liveBuffers;
  }

  get liveBytes(): number {
    return this.#liveBytes;
  }

  get peakBytes(): number {
    return this.#peakBytes;
  }

  acquire(sizeBytes: number, forUpload: boolean): GPUBuffer {
    const size = sizeClass(sizeBytes);
    const submitted = this.#submitted.get(size) ?? [];
    const unsubmitted = forUpload ? [] : this.#unsubmitted.get(size) ?? [];
    const oldest = this.#ageOf(submitted.at(-1)) < this.#ageOf(unsubmitted.at(-1)) ? submitted : unsubmitted;
    const reused = oldest.pop();
    if (reused) return reused;
    this.#liveBuffers++;
    this.#liveBytes += size;
    this.#peakBytes = Math.max(this.#peakBytes, this.#liveBytes);
    const buffer = this.#device.createBuffer({
      label: `pool ${size} B`,
      size,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    this.#ages.set(buffer, this.#nextAge++);
    return buffer;
  }

  release(buffer: GPUBuffer): void {
    this.#put(this.#unsubmitted, buffer);
  }

  /** Call this after a submit: buffers that were released before it may now receive uploads too. */
  onSubmit(): void {
    for (const buffers of this.#unsubmitted.values()) {
      for (const buffer of buffers) this.#put(this.#submitted, buffer);
      buffers.length = 0;
    }
  }

  /** Destroys every waiting buffer. @param onDestroy is called with each one first */
  trim(onDestroy: (buffer: GPUBuffer) => void = () => {}): void {
    this.onSubmit();
    for (const [size, buffers] of this.#submitted) {
      for (const buffer of buffers) {
        onDestroy(buffer);
        buffer.destroy();
      }
      this.#liveBuffers -= buffers.length;
      this.#liveBytes -= buffers.length * size;
      buffers.length = 0;
    }
  }

  /** The age of a buffer: the oldest has the smallest; infinite where there is none. */
  #ageOf(buffer: GPUBuffer | undefined): number {
    return buffer ? this.#ages.get(buffer)! : Infinity;
  }

  #put(lists: Map<number, GPUBuffer[]>, buffer: GPUBuffer): void {
    let list = lists.get(buffer.size);
    if (!list) lists.set(buffer.size, list = []);
    let i = list.length;
    while (i > 0 && this.#ageOf(list[i - 1]) < this.#ageOf(buffer)) i--;
    list.splice(i, 0, buffer);
  }
}

/** Powers of two and their halves between, from 256 B: at most a third is unused, and steps of similar size share buffers. */
export function sizeClass(sizeBytes: number): number {
  let size = 256;
  while (size < sizeBytes) size *= 2;
  return size > 256 && size * 0.75 >= sizeBytes ? size * 0.75 : size;
}
