import { IMAGE_FORMATS } from "./image_formats.ts";
import type { InputImages } from "./input_images.ts";
import type { Kernel, KernelBinding } from "./kernel.ts";
import { type ImageSet, isImage, textFor } from "./kernel_text.ts";
import { bindingSize, type Tensor } from "./tensor.ts";

interface CompiledKernel {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

const MAX_BIND_GROUPS = 16384;

/** Compiles each kernel once per set of constants and kind of inputs, and creates each bind group once. */
export class PipelineCache {
  readonly #device: GPUDevice;
  readonly #params: GPUBufferBinding;
  readonly #images: InputImages;
  readonly #compiled = new Map<Kernel, Map<string, CompiledKernel>>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  readonly #layoutIds = new WeakMap<GPUBindGroupLayout, number>();
  readonly #bufferIds = new WeakMap<GPUBuffer, number>();
  readonly #bindGroups = new Map<string, GPUBindGroup>();
  #nextId = 0;

  constructor(device: GPUDevice, params: GPUBufferBinding, images: InputImages) {
    this.#device = device;
    this.#params = params;
    this.#images = images;
  }

  pipeline(kernel: Kernel, constants: Readonly<Record<string, number>>, images: ImageSet): CompiledKernel {
    let variants = this.#compiled.get(kernel);
    if (!variants) this.#compiled.set(kernel, variants = new Map());
    const key = [images, ...Object.entries(constants).map(([name, value]) => `${name}=${value}`)].join();
    let compiled = variants.get(key);
    if (!compiled) variants.set(key, compiled = this.#compile(kernel, constants, images));
    return compiled;
  }

  /** @param encoder is called only if images of inputs have to be updated first */
  bindGroup(
    kernel: Kernel,
    layout: GPUBindGroupLayout,
    tensors: Readonly<Record<string, Tensor>>,
    images: ImageSet,
    encoder: () => GPUCommandEncoder,
  ): GPUBindGroup {
    let key = `${this.#id(this.#layoutIds, layout)}`;
    const resources: GPUBindingResource[] = [];
    for (const [index, binding] of kernel.bindings.entries()) {
      const tensor = tensors[binding.name];
      if (!tensor) throw new RangeError(`Cannot dispatch ${kernel.name}: binding ${binding.name} is not given`);
      if (isImage(images, index)) {
        const { id, view } = this.#images.imageOf(tensor, binding, encoder);
        key += `|image ${id}`;
        resources.push(view);
      } else {
        const size = bindingSize(tensor);
        key += `|${this.#id(this.#bufferIds, tensor.buffer)},${tensor.offset},${size}`;
        resources.push({ buffer: tensor.buffer, offset: tensor.offset, size });
      }
    }
    let group = this.#bindGroups.get(key);
    if (!group) {
      if (this.#bindGroups.size >= MAX_BIND_GROUPS) this.#bindGroups.clear();
      this.#bindGroups.set(key, group = this.#createBindGroup(kernel, layout, resources));
    }
    return group;
  }

  #createBindGroup(
    kernel: Kernel,
    layout: GPUBindGroupLayout,
    resources: readonly GPUBindingResource[],
  ): GPUBindGroup {
    const all = [...resources, ...(kernel.params.length > 0 ? [this.#params] : [])];
    const entries = all.map((resource, binding) => ({ binding, resource }));
    return this.#device.createBindGroup({ label: kernel.name, layout, entries });
  }

  #compile(kernel: Kernel, constants: Readonly<Record<string, number>>, images: ImageSet): CompiledKernel {
    const layout = this.#layout(kernel, images);
    const module = this.#device.createShaderModule({ label: kernel.name, code: textFor(kernel, images) });
    const pipeline = this.#device.createComputePipeline({
      label: kernel.name,
      layout: this.#device.createPipelineLayout({ label: kernel.name, bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: kernel.entryPoint, constants },
    });
    return { pipeline, layout };
  }

  #layout(kernel: Kernel, images: ImageSet): GPUBindGroupLayout {
    const kinds = kernel.bindings.map((binding, index) => resourceKind(binding, isImage(images, index)));
    if (kernel.params.length > 0) {
      kinds.push({ buffer: { type: "uniform", hasDynamicOffset: true, minBindingSize: 0 } });
    }
    const key = kinds.map(({ buffer, storageTexture }) => buffer?.type ?? storageTexture?.format).join();
    let layout = this.#layouts.get(key);
    if (!layout) {
      const entries = kinds.map((kind, binding) => ({ binding, visibility: GPUShaderStage.COMPUTE, ...kind }));
      this.#layouts.set(key, layout = this.#device.createBindGroupLayout({ label: key, entries }));
    }
    return layout;
  }

  #id<T extends WeakKey>(ids: WeakMap<T, number>, object: T): number {
    let id = ids.get(object);
    if (id === undefined) ids.set(object, id = this.#nextId++);
    return id;
  }
}

function resourceKind(
  { access, element }: KernelBinding,
  isImage: boolean,
): Pick<GPUBindGroupLayoutEntry, "buffer" | "storageTexture"> {
  if (isImage) return { storageTexture: { access: "read-only", format: IMAGE_FORMATS[element].format } };
  return { buffer: { type: access === "read" ? "read-only-storage" : "storage" } };
}
