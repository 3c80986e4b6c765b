/** The time that a kernel took on the GPU, summed over its dispatches. */
export interface KernelTime {
  readonly kernel: string;
  readonly elapsedMs: number;
  readonly dispatches: number;
}

const CAPACITY = 2048;

/** Times dispatches with timestamp queries; each has its own compute pass. */
export class DispatchTimer {
  readonly #querySet: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #staging: GPUBuffer[] = [];
  readonly #names: string[][] = [];
  readonly #device: GPUDevice;
  #current: string[] = [];

  constructor(device: GPUDevice) {
    if (!device.features.has("timestamp-query")) throw new Error("Cannot profile: the adapter has no timestamp-query");
    this.#device = device;
    this.#querySet = device.createQuerySet({ label: "dispatch times", type: "timestamp", count: 2 * CAPACITY });
    this.#resolved = device.createBuffer({
      label: "dispatch times",
      size: 16 * CAPACITY,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
  }

  /** Where the next pass writes its start and end. Passes beyond the capacity of one flush are not timed. */
  next(kernel: string): GPUComputePassTimestampWrites | undefined {
    if (this.#current.length === CAPACITY) return undefined;
    const index = 2 * this.#current.length;
    this.#current.push(kernel);
    return { querySet: this.#querySet, beginningOfPassWriteIndex: index, endOfPassWriteIndex: index + 1 };
  }

  /** Ends a flush by copying its times out before the queries are reused. */
  resolve(encoder: GPUCommandEncoder): void {
    if (this.#current.length === 0) return;
    const size = 16 * this.#current.length;
    const staging = this.#device.createBuffer({
      label: "dispatch times",
      size,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    encoder.resolveQuerySet(this.#querySet, 0, 2 * this.#current.length, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, staging, 0, size);
    this.#staging.push(staging);
    this.#names.push(this.#current);
    this.#current = [];
  }

  async take(): Promise<KernelTime[]> {
    const times = new Map<string, { elapsedMs: number; dispatches: number }>();
    for (const [flush, staging] of this.#staging.entries()) {
      await staging.mapAsync(GPUMapMode.READ);
      const stamps = new BigUint64Array(staging.getMappedRange());
      this.#names[flush].forEach((kernel, i) => {
        const time = times.get(kernel) ?? { elapsedMs: 0, dispatches: 0 };
        time.elapsedMs += Number(stamps[2 * i + 1] - stamps[2 * i]) / 1e6;
        time.dispatches++;
        times.set(kernel, time);
      });
      staging.destroy();
    }
    this.#staging.length = 0;
    this.#names.length = 0;
    return [...times].map(([kernel, time]) => ({ kernel, ...time })).sort((a, b) => b.elapsedMs - a.elapsedMs);
  }
}
