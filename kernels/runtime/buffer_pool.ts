/** Buffers that stay for as long as a model does are of exactly the size that was asked for from here on. */
const EXACT_FROM_BYTES = 2 ** 24;

const FINE_STEP = 2 ** 27;

/** What a buffer is for: the GPU's own output, an upload, or tensors that stay, such as parameters. */
export type BufferUse = "output" | "upload" | "lasting";

/**
 * Reuses GPU buffers by size class, so that a training loop creates none from its third step on. It hands out the oldest buffer that
 * is allowed, so that equal steps get equal buffers and find the bind groups that were made from them.
 *
 * A released buffer may be handed out at once for output of the GPU itself, because commands run in order. An upload is
 * different: `writeBuffer` takes effect before commands that are encoded but not yet submitted, so it may only use a buffer
 * that no unsubmitted command touches.
 *
 * A large buffer of lasting tensors has no class, which would waste up to a third of it: it is destroyed when it is released.
 */
export class BufferPool {
  readonly #device: GPUDevice;
  /** Waiting buffers by size, the oldest last. */
  readonly #submitted = new Map<number, GPUBuffer[]>();
  readonly #unsubmitted = new Map<number, GPUBuffer[]>();
  readonly #ages = new WeakMap<GPUBuffer, number>();
  readonly #exact = new Set<GPUBuffer>();
  readonly #onDestroy: (buffer: GPUBuffer) => void;
  #nextAge = 0;
  #liveBuffers = 0;
  #liveBytes = 0;
  #peakBytes = 0;

  /** @param onDestroy is called with each buffer before it is destroyed */
  constructor(device: GPUDevice, onDestroy: (buffer: GPUBuffer) => void = () => {}) {
    this.#device = device;
    this.#onDestroy = onDestroy;
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

  acquire(sizeBytes: number, use: BufferUse): GPUBuffer {
    const isExact = use === "lasting" && sizeBytes >= EXACT_FROM_BYTES;
    const size = isExact ? alignedSize(sizeBytes) : sizeClass(sizeBytes, this.#device.limits.maxBufferSize);
    const reused = isExact ? undefined : this.#waiting(size, use);
    if (reused) return reused;
    const buffer = this.#create(size);
    if (isExact) this.#exact.add(buffer);
    return buffer;
  }

  /** The oldest buffer of a size that may be handed out. */
  #waiting(size: number, use: BufferUse): GPUBuffer | undefined {
    const submitted = this.#submitted.get(size) ?? [];
    const unsubmitted = use === "upload" ? [] : this.#unsubmitted.get(size) ?? [];
    const oldest = this.#ageOf(submitted.at(-1)) < this.#ageOf(unsubmitted.at(-1)) ? submitted : unsubmitted;
    return oldest.pop();
  }

  #create(size: number): GPUBuffer {
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
      for (const buffer of buffers) {
        if (this.#exact.delete(buffer)) this.#destroy(buffer);
        else this.#put(this.#submitted, buffer);
      }
      buffers.length = 0;
    }
  }

  /** Destroys every waiting buffer. */
  trim(): void {
    this.onSubmit();
    for (const buffers of this.#submitted.values()) {
      for (const buffer of buffers) this.#destroy(buffer);
      buffers.length = 0;
    }
  }

  #destroy(buffer: GPUBuffer): void {
    this.#onDestroy(buffer);
    buffer.destroy();
    this.#liveBuffers--;
    this.#liveBytes -= buffer.size;
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

/**
 * Powers of two and their halves between, from 256 B: at most a third is unused, and steps of similar size share buffers. Where that
 * would be over `mostBytes`, the device's limit, the class is the next multiple of 128 MiB, or the limit itself.
 */
export function sizeClass(sizeBytes: number, mostBytes = Infinity): number {
  let size = 256;
  while (size < sizeBytes) size *= 2;
  if (size > 256 && size * 0.75 >= sizeBytes) size *= 0.75;
  return size <= mostBytes ? size : Math.min(Math.ceil(sizeBytes / FINE_STEP) * FINE_STEP, mostBytes - mostBytes % 16);
}

/** Bindings end on a boundary of 16 bytes. */
function alignedSize(sizeBytes: number): number {
  return Math.ceil(sizeBytes / 16) * 16;
}
