import { requestAdapter, requestDevice } from "./adapter.ts";
import { BufferPool } from "./buffer_pool.ts";
import type { Kernel } from "./kernel.ts";
import { PipelineCache } from "./pipeline_cache.ts";
import { DispatchTimer, type KernelTime } from "./profile.ts";
import { BYTES_PER_ELEMENT, type DType, elementCount, type Shape, sizeBytes, type Tensor } from "./tensor.ts";
import { type Tuning, tuningFor } from "./tuning.ts";

/** Values of a tensor on the CPU. */
export type TypedArray = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** One dispatch: every binding and parameter that the WGSL declares, by its name there. */
export interface Dispatch {
  readonly bindings: Readonly<Record<string, Tensor>>;
  readonly params?: Readonly<Record<string, number>>;
  /** Values of `override` declarations; `WORKGROUP`, where declared, defaults to the adapter's row workgroup. */
  readonly constants?: Readonly<Record<string, number>>;
  /** Workgroups along x, y, z. One number above the device's limit is spread over x and y: see `rowOfWorkgroup` in WGSL. */
  readonly workgroups: number | readonly [number, number, number?];
}

/** The device is gone or refused its work: nothing more can be computed on it. */
export class GpuError extends Error {
  override readonly name = "GpuError";
}

const UNIFORM_BYTES = 1 << 20;
/** Binding size of every `Params`; also the stride of the uniform buffer, above any adapter's alignment. */
const PARAMS_BYTES = 256;
const MAX_SUBMITS_AHEAD = 3;

/**
 * The device and its queue of work. Dispatches are encoded into one compute pass and submitted together by `flush`; nothing
 * awaits the GPU but `read`, `settle` and `throttle`. Any error the device reports is fatal: the next of these throws it.
 */
export class Gpu implements AsyncDisposable {
  readonly device: GPUDevice;
  readonly adapterInfo: GPUAdapterInfo;
  readonly tuning: Tuning;
  /** Is told every kernel that is dispatched: what a result depends on. */
  onDispatch: ((kernel: Kernel) => void) | undefined;
  readonly #pool: BufferPool;
  readonly #pipelines: PipelineCache;
  readonly #timer: DispatchTimer | undefined;
  readonly #uniforms: GPUBuffer;
  readonly #uniformData = new DataView(new ArrayBuffer(UNIFORM_BYTES));
  readonly #pending: Promise<unknown>[] = [];
  #uniformEnd = 0;
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #failure: Error | undefined;
  #awaits = 0;
  #closed = false;

  private constructor(device: GPUDevice, adapterInfo: GPUAdapterInfo, profile: boolean) {
    this.device = device;
    this.adapterInfo = adapterInfo;
    this.tuning = tuningFor(adapterInfo);
    this.#pool = new BufferPool(device);
    this.#uniforms = device.createBuffer({
      label: "kernel parameters",
      size: UNIFORM_BYTES,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    this.#pipelines = new PipelineCache(device, this.#uniforms, PARAMS_BYTES);
    this.#timer = profile ? new DispatchTimer(device) : undefined;
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      this.#failure ??= new GpuError(`GPU error: ${(event as GPUUncapturedErrorEvent).error.message}`);
    });
    device.lost.then(({ message }) => {
      if (!this.#closed) this.#failure ??= new GpuError(`GPU device lost: ${message}`);
    });
  }

  /** @param options.profile time every dispatch by timestamps (slower: each gets a pass of its own). */
  static async open(options: { profile?: boolean } = {}): Promise<Gpu> {
    const adapter = await requestAdapter();
    return new Gpu(await requestDevice(adapter), adapter.info, options.profile ?? false);
  }

  get liveBuffers(): number {
    return this.#pool.liveBuffers;
  }

  get peakBytes(): number {
    return this.#pool.peakBytes;
  }

  /** How often the GPU was awaited: a training step may do so once. */
  get awaits(): number {
    return this.#awaits;
  }

  /** A tensor with undefined content. */
  allocate(shape: Shape, dtype: DType = "f32"): Tensor {
    return this.#allocate(shape, dtype, false);
  }

  release(tensor: Tensor): void {
    this.#pool.release(tensor.buffer);
  }

  upload(values: TypedArray, shape: Shape = [values.length]): Tensor {
    if (values.length === 0) throw new RangeError(`Cannot upload [${shape}]: it has no elements`);
    const tensor = this.#allocate(shape, values instanceof Float32Array ? "f32" : "u32", true);
    if (values.byteLength !== sizeBytes(shape)) {
      throw new RangeError(`Cannot upload ${values.length} values as [${shape}]`);
    }
    this.device.queue.writeBuffer(tensor.buffer, tensor.offset, values);
    return tensor;
  }

  /** Overwrites a tensor; what was encoded before sees the old values. */
  write(tensor: Tensor, values: TypedArray): void {
    if (values.byteLength !== sizeBytes(tensor.shape)) {
      throw new RangeError(`Cannot write ${values.length} values to [${tensor.shape}]`);
    }
    this.flush();
    this.device.queue.writeBuffer(tensor.buffer, tensor.offset, values);
  }

  dispatch(kernel: Kernel, { bindings, params = {}, constants = {}, workgroups }: Dispatch): void {
    const [x, y, z] = this.#grid(kernel, workgroups);
    if (x * y * z === 0) return;
    this.onDispatch?.(kernel);
    const { pipeline, layout } = this.#pipelines.pipeline(kernel, this.#withDefaults(kernel, constants));
    const group = this.#pipelines.bindGroup(kernel, layout, bindings);
    const uniformOffset = kernel.params.length > 0 ? this.#writeParams(kernel, params) : undefined;
    const pass = this.#beginPass(kernel);
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group, uniformOffset === undefined ? [] : [uniformOffset]);
    pass.dispatchWorkgroups(x, y, z);
    if (this.#timer) this.#endPass();
  }

  /** Copies `source` over `target`, a tensor of another buffer, in order with dispatches. */
  copy(source: Tensor, target: Tensor): void {
    if (elementCount(source.shape) !== elementCount(target.shape)) {
      throw new RangeError(`Cannot copy [${source.shape}] over [${target.shape}]: the element counts differ`);
    }
    this.#endPass();
    this.#commands().copyBufferToBuffer(
      source.buffer,
      source.offset,
      target.buffer,
      target.offset,
      sizeBytes(source.shape),
    );
  }

  /** Sets every byte of a tensor to zero, in order with dispatches. */
  clear(tensor: Tensor): void {
    this.#endPass();
    this.#commands().clearBuffer(tensor.buffer, tensor.offset, sizeBytes(tensor.shape));
  }

  /** Submits what is encoded; does not wait. */
  flush(): void {
    if (!this.#encoder) return;
    this.#endPass();
    this.#timer?.resolve(this.#encoder);
    if (this.#uniformEnd > 0) {
      this.device.queue.writeBuffer(this.#uniforms, 0, this.#uniformData.buffer, 0, this.#uniformEnd);
    }
    this.device.queue.submit([this.#encoder.finish()]);
    this.#encoder = undefined;
    this.#uniformEnd = 0;
    this.#pool.onSubmit();
  }

  /** Submits, and waits only if the CPU is more than a few submits ahead: bounds memory, keeps the GPU busy. */
  async throttle(): Promise<void> {
    this.flush();
    this.#throwFailure();
    this.#pending.push(this.device.queue.onSubmittedWorkDone());
    if (this.#pending.length > MAX_SUBMITS_AHEAD) {
      this.#awaits++;
      await this.#pending.shift();
    }
  }

  /** Submits and waits for everything. */
  async settle(): Promise<void> {
    this.flush();
    this.#awaits++;
    await this.device.queue.onSubmittedWorkDone();
    this.#pending.length = 0;
    this.#throwFailure();
  }

  async read(tensor: Tensor): Promise<TypedArray> {
    return (await this.readAll([tensor]))[0];
  }

  /** Reads several tensors with one wait. */
  async readAll(tensors: readonly Tensor[]): Promise<TypedArray[]> {
    const sizes = tensors.map((tensor) => sizeBytes(tensor.shape));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    if (total === 0) return tensors.map((tensor) => tensor.dtype === "f32" ? new Float32Array() : new Uint32Array());
    const staging = this.device.createBuffer({
      label: "read-back",
      size: total,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    this.#endPass();
    let offset = 0;
    tensors.forEach((tensor, i) => {
      this.#commands().copyBufferToBuffer(tensor.buffer, tensor.offset, staging, offset, sizes[i]);
      offset += sizes[i];
    });
    this.flush();
    this.#awaits++;
    await staging.mapAsync(GPUMapMode.READ).catch((error) => {
      this.#throwFailure(); // the cause, where the map fails as its consequence
      throw error;
    });
    this.#pending.length = 0;
    this.#throwFailure();
    const bytes = staging.getMappedRange().slice(0);
    staging.destroy();
    offset = 0;
    return tensors.map((tensor, i) => {
      const start = offset;
      offset += sizes[i];
      const ArrayType = tensor.dtype === "f32" ? Float32Array : Uint32Array;
      return new ArrayType(bytes, start, sizes[i] / BYTES_PER_ELEMENT);
    });
  }

  /** Time per kernel since the last call, longest first; needs `open({ profile: true })`. */
  async kernelTimes(): Promise<KernelTime[]> {
    await this.settle();
    return await this.#timer?.take() ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#failure) await this.settle();
    this.#closed = true;
    this.#pool.trim();
    this.device.destroy();
  }

  #allocate(shape: Shape, dtype: DType, forUpload: boolean): Tensor {
    const size = sizeBytes(shape);
    const { maxStorageBufferBindingSize, maxBufferSize } = this.device.limits;
    const limit = Math.min(maxStorageBufferBindingSize, maxBufferSize);
    if (!(size <= limit)) {
      throw new RangeError(
        `Cannot allocate [${shape}] ${dtype}: its ${size} bytes are over this device's limit of ${limit} for one binding`,
      );
    }
    return { shape, dtype, buffer: this.#pool.acquire(size, forUpload), offset: 0 };
  }

  #grid(kernel: Kernel, workgroups: Dispatch["workgroups"]): [number, number, number] {
    const limit = this.device.limits.maxComputeWorkgroupsPerDimension;
    const grid: [number, number, number] = typeof workgroups === "number"
      ? (workgroups <= limit ? [workgroups, 1, 1] : [limit, Math.ceil(workgroups / limit), 1])
      : [workgroups[0], workgroups[1], workgroups[2] ?? 1];
    if (grid.some((size) => size > limit)) {
      throw new RangeError(
        `Cannot dispatch ${kernel.name}: [${grid}] workgroups are over this device's limit of ${limit}`,
      );
    }
    return grid;
  }

  #withDefaults(kernel: Kernel, constants: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
    return kernel.overrides.has("WORKGROUP") && constants.WORKGROUP === undefined
      ? { ...constants, WORKGROUP: this.tuning.rowWorkgroup }
      : constants;
  }

  #writeParams(kernel: Kernel, params: Readonly<Record<string, number>>): number {
    if (this.#uniformEnd + PARAMS_BYTES > UNIFORM_BYTES) this.flush();
    const start = this.#uniformEnd;
    this.#uniformEnd += PARAMS_BYTES;
    kernel.params.forEach(({ name, type }, index) => {
      const value = params[name];
      if (value === undefined) throw new RangeError(`Cannot dispatch ${kernel.name}: parameter ${name} is not given`);
      const at = start + index * BYTES_PER_ELEMENT;
      if (type === "f32") this.#uniformData.setFloat32(at, value, true);
      else if (type === "i32") this.#uniformData.setInt32(at, value, true);
      else this.#uniformData.setUint32(at, value, true);
    });
    return start;
  }

  #commands(): GPUCommandEncoder {
    return this.#encoder ??= this.device.createCommandEncoder({ label: "step" });
  }

  #beginPass(kernel: Kernel): GPUComputePassEncoder {
    return this.#pass ??= this.#commands().beginComputePass({
      label: this.#timer ? kernel.name : "step",
      timestampWrites: this.#timer?.next(kernel.name),
    });
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = undefined;
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure;
  }
}
