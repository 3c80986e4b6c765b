import type { Kernel } from "./kernel.ts";
import { sizeBytes, type Tensor } from "./tensor.ts";

interface CompiledKernel {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

const MAX_BIND_GROUPS = 16384;
/** Bindings end on a `vec4f` boundary; every buffer and parameter is padded at least that far. */
const BINDING_ALIGNMENT = 16;

/** Compiles each kernel once per set of constants, and makes each bind group once. */
export class PipelineCache {
  readonly #device: GPUDevice;
  readonly #uniforms: GPUBuffer;
  readonly #paramsBytes: number;
  readonly #compiled = new Map<Kernel, Map<string, CompiledKernel>>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  readonly #layoutIds = new WeakMap<GPUBindGroupLayout, number>();
  readonly #bufferIds = new WeakMap<GPUBuffer, number>();
  readonly #bindGroups = new Map<string, GPUBindGroup>();
  #nextId = 0;

  constructor(device: GPUDevice, uniforms: GPUBuffer, paramsBytes: number) {
    this.#device = device;
    this.#uniforms = uniforms;
    this.#paramsBytes = paramsBytes;
  }

  pipeline(kernel: Kernel, constants: Readonly<Record<string, number>>): CompiledKernel {
    let variants = this.#compiled.get(kernel);
    if (!variants) this.#compiled.set(kernel, variants = new Map());
    const key = Object.entries(constants).map(([name, value]) => `${name}=${value}`).join();
    let compiled = variants.get(key);
    if (!compiled) variants.set(key, compiled = this.#compile(kernel, constants));
    return compiled;
  }

  bindGroup(kernel: Kernel, layout: GPUBindGroupLayout, tensors: Readonly<Record<string, Tensor>>): GPUBindGroup {
    let key = `${this.#id(this.#layoutIds, layout)}`;
    for (const { name } of kernel.bindings) {
      const tensor = tensors[name];
      if (!tensor) throw new RangeError(`Cannot dispatch ${kernel.name}: binding ${name} is not given`);
      key += `|${this.#id(this.#bufferIds, tensor.buffer)},${tensor.offset},${bindingSize(tensor)}`;
    }
    let group = this.#bindGroups.get(key);
    if (!group) {
      if (this.#bindGroups.size >= MAX_BIND_GROUPS) this.#bindGroups.clear();
      this.#bindGroups.set(key, group = this.#createBindGroup(kernel, layout, tensors));
    }
    return group;
  }

  #createBindGroup(
    kernel: Kernel,
    layout: GPUBindGroupLayout,
    tensors: Readonly<Record<string, Tensor>>,
  ): GPUBindGroup {
    const entries: GPUBindGroupEntry[] = kernel.bindings.map(({ name }, binding) => {
      const tensor = tensors[name];
      return { binding, resource: { buffer: tensor.buffer, offset: tensor.offset, size: bindingSize(tensor) } };
    });
    if (kernel.params.length > 0) {
      entries.push({ binding: entries.length, resource: { buffer: this.#uniforms, size: this.#paramsBytes } });
    }
    return this.#device.createBindGroup({ label: kernel.name, layout, entries });
  }

  #compile(kernel: Kernel, constants: Readonly<Record<string, number>>): CompiledKernel {
    const layout = this.#layout(kernel);
    const module = this.#device.createShaderModule({
      label: kernel.name,
      code: renumberBindings(kernel),
    });
    const pipeline = this.#device.createComputePipeline({
      label: kernel.name,
      layout: this.#device.createPipelineLayout({ label: kernel.name, bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: kernel.entryPoint, constants },
    });
    return { pipeline, layout };
  }

  #layout(kernel: Kernel): GPUBindGroupLayout {
    const key = kernel.bindings.map(({ access }) => access).join() + (kernel.params.length > 0 ? "+params" : "");
    let layout = this.#layouts.get(key);
    if (!layout) {
      const entries: GPUBindGroupLayoutEntry[] = kernel.bindings.map(({ access }, binding) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: access === "read" ? "read-only-storage" : "storage" },
      }));
      if (kernel.params.length > 0) {
        entries.push({
          binding: entries.length,
          visibility: GPUShaderStage.COMPUTE,
          buffer: { type: "uniform", hasDynamicOffset: true, minBindingSize: 0 },
        });
      }
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

function bindingSize(tensor: Tensor): number {
  return Math.max(BINDING_ALIGNMENT, Math.ceil(sizeBytes(tensor.shape) / BINDING_ALIGNMENT) * BINDING_ALIGNMENT);
}

/** Entry points of one text bind different variables: the used ones are numbered 0, 1, 2 …, the uniform last. */
function renumberBindings(kernel: Kernel): string {
  const order = new Map(kernel.bindings.map(({ name }, index) => [name, index]));
  return kernel.wgsl.replaceAll(
    /@group\(0\)\s*@binding\((\d+)\)(\s*var<\s*(uniform|storage)[^>]*>\s*(\w+))/g,
    (_, number, rest, kind, name) => {
      const used = kind === "uniform" ? kernel.bindings.length : order.get(name) ?? 100 + Number(number);
      return `@group(0) @binding(${used})${rest}`;
    },
  );
}
