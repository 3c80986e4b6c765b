/**
 * Reuses GPU buffers by size class, so that from the third step on a training loop creates none.
 *
 * A released buffer may be handed out at once to work that the GPU itself writes, since commands run in order. An upload is
 * different: `writeBuffer` takes effect before commands that are encoded but not yet submitted, so it may only use a buffer
 * that no unsubmitted command touches.
 */
export class BufferPool {
  readonly #device: GPUDevice;
  readonly #submitted = new Map<number, GPUBuffer[]>();
  readonly #unsubmitted = new Map<number, GPUBuffer[]>();
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
    const reused = (forUpload ? undefined : this.#unsubmitted.get(size)?.pop()) ?? this.#submitted.get(size)?.pop();
    if (reused) return reused;
    this.#liveBuffers++;
    this.#liveBytes += size;
    this.#peakBytes = Math.max(this.#peakBytes, this.#liveBytes);
    return this.#device.createBuffer({
      label: `pool ${size} B`,
      size,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
  }

  release(buffer: GPUBuffer): void {
    push(this.#unsubmitted, buffer);
  }

  /** Call after a submit: what was released before it may now take uploads too. */
  onSubmit(): void {
    for (const buffers of this.#unsubmitted.values()) {
      for (const buffer of buffers) push(this.#submitted, buffer);
      buffers.length = 0;
    }
  }

  /** Destroys every waiting buffer. @param onDestroy is given each before */
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
}

function push(lists: Map<number, GPUBuffer[]>, buffer: GPUBuffer): void {
  const list = lists.get(buffer.size);
  if (list) list.push(buffer);
  else lists.set(buffer.size, [buffer]);
}

/** Powers of two and their halves between, from 256 B: at most a third is unused, and steps of like size share buffers. */
export function sizeClass(sizeBytes: number): number {
  let size = 256;
  while (size < sizeBytes) size *= 2;
  return size > 256 && size * 0.75 >= sizeBytes ? size * 0.75 : size;
}
