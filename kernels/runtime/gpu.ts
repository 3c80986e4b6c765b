import { requestAdapter, requestDevice } from "./adapter.ts";
import { BufferPool, type BufferUse } from "./buffer_pool.ts";
import { DeviceLimitError, watchErrors } from "./device_errors.ts";
import type { Dispatch } from "./dispatch.ts";
import { InputImages } from "./input_images.ts";
import type { Kernel } from "./kernel.ts";
import type { ImageSet } from "./kernel_text.ts";
import { ParamsBuffer } from "./params_buffer.ts";
import { PipelineCache } from "./pipeline_cache.ts";
import { DispatchTimer, type KernelTime } from "./profile.ts";
import { ReadBack, type TypedArray } from "./read_back.ts";
import { type DType, elementCount, type Shape, sizeBytes, type Tensor } from "./tensor.ts";
import { type Tuning, tuningFor } from "./tuning.ts";
import { gridOf } from "./workgroup_grid.ts";

export type { Dispatch } from "./dispatch.ts";
export type { TypedArray } from "./read_back.ts";

export interface GpuOptions {
  /** Whether every dispatch is timed by timestamps. This is slower, because each gets its own pass. */
  readonly profile?: boolean;
  /** Overrides choices made for the adapter, to test what other adapters would use. */
  readonly tuning?: Partial<Tuning>;
  /** Lowers the bytes that one tensor may have, to test what devices that bind less would do. */
  readonly bindingLimit?: number;
}

const MAX_SUBMITS_AHEAD = 3;
/** What may be written before it is submitted: until then, the driver keeps a copy. */
const MOST_WRITTEN_BYTES = 2 ** 24;

/**
 * The device and its queue of work. Dispatches are encoded into one compute pass and submitted together by `flush`; only
 * `read`, `readAll`, `settle` and `throttle` wait for the GPU. Any error that the device reports is fatal: the next of these throws it.
 */
export class Gpu implements AsyncDisposable {
  readonly device: GPUDevice;
  readonly adapterInfo: GPUAdapterInfo;
  readonly tuning: Tuning;
  /** The most bytes that one tensor may have: what a kernel can bind at once, and a buffer can hold. */
  readonly bindingLimit: number;
  /** Called with every kernel that is dispatched, because results depend on them. */
  onDispatch: ((kernel: Kernel) => void) | undefined;
  readonly #pool: BufferPool;
  readonly #pipelines: PipelineCache;
  readonly #timer: DispatchTimer | undefined;
  readonly #images: InputImages;
  readonly #params: ParamsBuffer;
  readonly #pending: Promise<unknown>[] = [];
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #failure: Error | undefined;
  #awaits = 0;
  #writtenBytes = 0;
  #closed = false;

  private constructor(device: GPUDevice, adapterInfo: GPUAdapterInfo, options: GpuOptions) {
    this.device = device;
    this.adapterInfo = adapterInfo;
    this.tuning = { ...tuningFor(adapterInfo), ...options.tuning };
    const { maxStorageBufferBindingSize, maxBufferSize } = device.limits;
    const limit = Math.min(maxStorageBufferBindingSize, maxBufferSize, options.bindingLimit ?? Infinity);
    this.bindingLimit = limit - limit % 16; // bindings end on 16 bytes
    this.#pool = new BufferPool(device, (buffer) => this.#images.forget(buffer));
    this.#images = new InputImages(device, () => this.#pool.liveBytes);
    this.#params = new ParamsBuffer(device);
    this.#pipelines = new PipelineCache(device, this.#params.binding, this.#images);
    this.#timer = options.profile ? new DispatchTimer(device) : undefined;
    watchErrors(device, () => this.#pool.liveBytes, (error) => {
      if (!this.#closed) this.#failure ??= error;
    });
  }

  static async open(options: GpuOptions = {}): Promise<Gpu> {
    const adapter = await requestAdapter();
    return new Gpu(await requestDevice(adapter), adapter.info, options);
  }

  get liveBuffers(): number {
    return this.#pool.liveBuffers;
  }

  /** The number of images of buffers that exist: see `Tuning.inputs`. */
  get liveImages(): number {
    return this.#images.count;
  }

  /** The most bytes that buffers and their images have taken so far. */
  get peakBytes(): number {
    return this.#pool.peakBytes + this.#images.peakBytes;
  }

  /** How often the GPU was awaited; a training step may wait once. */
  get awaits(): number {
    return this.#awaits;
  }

  /** A tensor with undefined content. @throws {DeviceLimitError} if the device cannot bind it */
  allocate(shape: Shape, dtype: DType = "f32"): Tensor {
    return this.#allocate(shape, dtype, "output");
  }

  /** The same of f32 for what stays, such as parameters: a large one takes no more memory than its elements. */
  allocateLasting(shape: Shape): Tensor {
    return this.#allocate(shape, "f32", "lasting");
  }

  release(tensor: Tensor): void {
    this.#pool.release(tensor.buffer);
    this.#images.released(tensor.buffer);
  }

  upload(values: TypedArray, shape: Shape = [values.length]): Tensor {
    if (values.length === 0) throw new RangeError(`Cannot upload [${shape}]: it has no elements`);
    const tensor = this.#allocate(shape, values instanceof Float32Array ? "f32" : "u32", "upload");
    if (values.byteLength !== sizeBytes(shape)) {
      throw new RangeError(`Cannot upload ${values.length} values as [${shape}]`);
    }
    this.device.queue.writeBuffer(tensor.buffer, tensor.offset, values);
    this.#images.written(tensor);
    return tensor;
  }

  /** Overwrites a tensor; commands that were encoded before see the old values. */
  write(tensor: Tensor, values: TypedArray): void {
    if (values.byteLength !== sizeBytes(tensor.shape)) {
      throw new RangeError(`Cannot write ${values.length} values to [${tensor.shape}]`);
    }
    this.flush();
    this.device.queue.writeBuffer(tensor.buffer, tensor.offset, values);
    this.#images.written(tensor);
    this.#writtenBytes += values.byteLength;
    if (this.#writtenBytes > MOST_WRITTEN_BYTES) {
      this.device.queue.submit([]);
      this.#writtenBytes = 0;
    }
  }

  dispatch(kernel: Kernel, { bindings, params = {}, constants = {}, workgroups }: Dispatch): void {
    const [x, y, z] = gridOf(kernel.name, workgroups, this.device.limits.maxComputeWorkgroupsPerDimension);
    if (x * y * z === 0) return;
    this.onDispatch?.(kernel);
    const images = this.#imagesFor(kernel, bindings);
    this.#images.beginDispatch();
    const defaults: Dispatch["constants"] = kernel.overrides.has("WORKGROUP")
      ? { WORKGROUP: this.tuning.rowWorkgroup }
      : {};
    const { pipeline, layout } = this.#pipelines.pipeline(kernel, { ...defaults, ...constants }, images);
    const group = this.#pipelines.bindGroup(kernel, layout, bindings, images, () => this.#outsidePass());
    const uniformOffset = kernel.params.length > 0 ? this.#putParams(kernel, params) : undefined;
    const pass = this.#beginPass(kernel);
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group, uniformOffset === undefined ? [] : [uniformOffset]);
    pass.dispatchWorkgroups(x, y, z);
    if (this.#timer) this.#endPass();
    for (const { name, access } of kernel.bindings) if (access === "read_write") this.#images.written(bindings[name]);
  }

  /** Copies `source` over `target`, a tensor in another buffer, in order with dispatches. */
  copy(source: Tensor, target: Tensor): void {
    if (elementCount(source.shape) !== elementCount(target.shape)) {
      throw new RangeError(`Cannot copy [${source.shape}] over [${target.shape}]: the element counts differ`);
    }
    const size = sizeBytes(source.shape);
    this.#outsidePass().copyBufferToBuffer(source.buffer, source.offset, target.buffer, target.offset, size);
    this.#images.written(target);
  }

  /** Sets every byte of a tensor to zero, in order with dispatches. */
  clear(tensor: Tensor): void {
    this.#outsidePass().clearBuffer(tensor.buffer, tensor.offset, sizeBytes(tensor.shape));
    this.#images.written(tensor);
  }

  /** Submits what is encoded, without waiting. */
  flush(): void {
    if (!this.#encoder) return;
    this.#endPass();
    this.#timer?.resolve(this.#encoder);
    this.#params.upload();
    this.device.queue.submit([this.#encoder.finish()]);
    this.#encoder = undefined;
    this.#pool.onSubmit();
    this.#images.onSubmit();
  }

  /** Submits, and waits only if the CPU is more than a few submits ahead, which bounds memory and keeps the GPU busy. */
  async throttle(): Promise<void> {
    this.#commands(); // writes are submitted too, where no command is: until then the driver keeps copies of them
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

  /** Waits for everything, and gives the buffers that wait to be used again back to the driver: before work of another kind. */
  async trim(): Promise<void> {
    await this.settle();
    this.#pool.trim();
  }

  async read(tensor: Tensor): Promise<TypedArray> {
    return (await this.readAll([tensor]))[0];
  }

  /** Reads several tensors with one wait, or a few where one buffer cannot take all of them. */
  async readAll(tensors: readonly Tensor[]): Promise<TypedArray[]> {
    const values: TypedArray[] = [];
    for (const readBack of ReadBack.inTurn(this.device, tensors, this.bindingLimit)) {
      readBack.copy(this.#outsidePass());
      this.flush();
      this.#awaits++;
      values.push(
        ...await readBack.values().catch(async (error) => {
          await new Promise((resolve) => setTimeout(resolve)); // the event of its cause may be on its way
          this.#throwFailure();
          throw error;
        }),
      );
      this.#pending.length = 0;
    }
    this.#throwFailure();
    return values;
  }

  /** The time per kernel since the last call, longest first; needs `open({ profile: true })`. */
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

  #allocate(shape: Shape, dtype: DType, use: BufferUse): Tensor {
    const size = sizeBytes(shape);
    const limit = this.bindingLimit;
    if (!(size <= limit)) {
      throw new DeviceLimitError(
        `Cannot allocate [${shape}] ${dtype}: its ${size} bytes are over this device's limit of ${limit} for one binding`,
      );
    }
    return { shape, dtype, buffer: this.#pool.acquire(size, use), offset: 0 };
  }

  #imagesFor(kernel: Kernel, bindings: Dispatch["bindings"]): ImageSet {
    const { inputs, leastImageBytes, mostUncopiedBytes } = this.tuning;
    return inputs === "buffer" ? 0 : this.#images.choose(kernel, bindings, leastImageBytes, mostUncopiedBytes);
  }

  #putParams(kernel: Kernel, params: Readonly<Record<string, number>>): number {
    if (this.#params.isFull) this.flush();
    return this.#params.put(kernel, params);
  }

  #outsidePass(): GPUCommandEncoder {
    this.#endPass();
    return this.#commands();
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
