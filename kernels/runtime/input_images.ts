import { sizeClass } from "./buffer_pool.ts";
import { IMAGE_FORMATS, IMAGE_WIDTH, type ImageFormat } from "./image_formats.ts";
import type { Kernel, KernelBinding } from "./kernel.ts";
import type { ImageSet } from "./kernel_text.ts";
import { bindingSize, type Tensor } from "./tensor.ts";

/** A copy of a window of a buffer, which kernels read as texels. */
export interface InputImage {
  readonly id: number;
  readonly view: GPUTextureView;
}

interface Image extends InputImage {
  readonly texture: GPUTexture;
  readonly format: ImageFormat;
  /** Size, format, and whether it is of whole buffers; images of the same kind can replace each other. */
  readonly kind: string;
  readonly bytes: number;
  /** The window that it holds; another window replaces it where there would be too many images. */
  window?: Window;
  /** The part of the window that was written since the last copy, in bytes of the buffer. */
  stale?: { readonly start: number; readonly end: number };
  /** Whether it holds a whole buffer, or a part of one, as of parameters. */
  readonly isWhole: boolean;
  /** The number of the dispatch that read it last, from 1. */
  lastRead: number;
}

interface Window {
  readonly buffer: GPUBuffer;
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

/** Images of whole buffers take at most this share of the memory of buffers, as far as one image can replace another. */
const MOST_OF_BUFFERS = 0.5;
/** All images together may take as much as buffers do up to here: a model that writes text reads all of its weights for every token. */
const LEAST_ROOM = 2 ** 31;

/** What images of inputs take at most where buffers take `bufferBytes`: as much, up to 2 GiB, or else half as much where that is more. */
export function mostImageBytes(bufferBytes: number): number {
  return Math.max(MOST_OF_BUFFERS * bufferBytes, Math.min(bufferBytes, LEAST_ROOM));
}

/**
 * Read-only storage images of what kernels load. Mesa's CPU driver reads a texel in a fraction of the time that a number in a storage
 * buffer takes (kernels/README.md). An image holds a window of a buffer; before a dispatch it is updated by a copy of what was written
 * since, and nothing else. Where images would take too much memory, the least recently read one of the same kind is replaced; where there
 * is none of the kind, those of others that were not read for longest are given up, and destroyed once what reads them is submitted.
 */
export class InputImages {
  readonly #device: GPUDevice;
  readonly #bufferBytes: () => number;
  readonly #ofBuffers = new Map<GPUBuffer, Map<string, Image>>();
  /** All that hold a window, the least recently read first; and the same by kind. */
  readonly #byAge = new Set<Image>();
  readonly #alike = new Map<string, Set<Image>>();
  /** Those whose buffers hold no tensor now. */
  readonly #idle = new Map<string, Set<Image>>();
  /** Those that hold no window any more, and that commands may still read which are not submitted. */
  readonly #givenUp: Image[] = [];
  #nextId = 0;
  #count = 0;
  /** Of those that hold a window; of those given up. */
  #bytes = 0;
  #givenUpBytes = 0;
  #wholeBytes = 0;
  #peakBytes = 0;
  #dispatches = 0;

  /** @param bufferBytes returns the bytes that all buffers take */
  constructor(device: GPUDevice, bufferBytes: () => number) {
    this.#device = device;
    this.#bufferBytes = bufferBytes;
  }

  get count(): number {
    return this.#count;
  }

  get peakBytes(): number {
    return this.#peakBytes;
  }

  /**
   * The tensors that a kernel should load from images: none if all are smaller than `leastBytes` or one does not fit. A copy ends the
   * compute pass, which costs more than it saves where only a few numbers have changed. Tensors below `mostUncopied` that have changed
   * are therefore left in their buffers, unless another one has to be copied anyway.
   */
  choose(
    { bindings }: Kernel,
    tensors: Readonly<Record<string, Tensor>>,
    leastBytes: number,
    mostUncopied: number,
  ): ImageSet {
    let [loaded, fresh, count] = [0, 0, 0];
    let [isWorth, mustCopy] = [false, false];
    for (const [index, { name, element, isLoaded }] of bindings.entries()) {
      const tensor = tensors[name];
      if (!isLoaded || !tensor) continue;
      if (!this.#fits(tensor, element)) return 0;
      const bytes = bindingSize(tensor);
      count++;
      loaded |= 1 << index;
      isWorth ||= bytes >= leastBytes;
      if (this.#isFresh(tensor, element)) fresh |= 1 << index;
      else mustCopy ||= bytes >= mostUncopied;
    }
    if (!isWorth || count > this.#device.limits.maxStorageTexturesPerShaderStage) return 0;
    return mustCopy ? loaded : fresh;
  }

  /** Begins a dispatch: until the next one, no image that it uses changes its window. */
  beginDispatch(): void {
    this.#dispatches++;
  }

  /** Notes that a tensor's window has been written. */
  written({ buffer, offset, shape }: Tensor): void {
    const end = offset + bindingSize({ shape });
    for (const image of this.#ofBuffers.get(buffer)?.values() ?? []) {
      const window = image.window!;
      if (end <= window.start || offset >= window.end) continue;
      const [from, to] = [Math.max(offset, window.start), Math.min(end, window.end)];
      const { start, end: last } = image.stale ?? { start: from, end: to };
      image.stale = { start: Math.min(from, start), end: Math.max(to, last) };
    }
  }

  /** Notes that a buffer holds no tensor for now, so its images may pass to other buffers. */
  released(buffer: GPUBuffer): void {
    for (const image of this.#ofBuffers.get(buffer)?.values() ?? []) {
      if (image.isWhole) setOf(this.#idle, image.kind).add(image);
    }
  }

  /** The image of a tensor; it is up to date once the commands added to `encoder` have run. */
  imageOf(tensor: Tensor, { element }: KernelBinding, encoder: () => GPUCommandEncoder): InputImage {
    const { buffer, offset } = tensor;
    const format = IMAGE_FORMATS[element];
    const size = this.#imageSize(tensor);
    let images = this.#ofBuffers.get(buffer);
    if (!images) this.#ofBuffers.set(buffer, images = new Map());
    const key = this.#windowKey(tensor, element);
    let image = images.get(key);
    if (!image) {
      images.set(key, image = this.#freeImage(size, format, this.#isWhole(tensor)));
      image.window = { buffer, key, start: offset, end: offset + size };
      image.stale = image.window;
    }
    this.#noteRead(image);
    if (image.stale) copyStale(image, image.stale, encoder());
    image.stale = undefined;
    return image;
  }

  /** Destroys the images of a buffer, which is about to be destroyed itself. */
  forget(buffer: GPUBuffer): void {
    for (const image of [...this.#ofBuffers.get(buffer)?.values() ?? []]) {
      this.#takeOut(image);
      image.texture.destroy();
    }
    this.#ofBuffers.delete(buffer);
  }

  /** Call this after a submit: no command that is still to be submitted reads an image that was given up before. */
  onSubmit(): void {
    for (const { texture } of this.#givenUp.splice(0)) texture.destroy();
    this.#givenUpBytes = 0;
  }

  #fits(tensor: Tensor, element: string): boolean {
    const texels = this.#imageSize(tensor) / IMAGE_FORMATS[element].bytes;
    return texels <= IMAGE_WIDTH * this.#device.limits.maxTextureDimension2D;
  }

  #isFresh(tensor: Tensor, element: string): boolean {
    const image = this.#ofBuffers.get(tensor.buffer)?.get(this.#windowKey(tensor, element));
    return image !== undefined && image.stale === undefined;
  }

  #windowKey(tensor: Tensor, element: string): string {
    return `${tensor.offset} ${this.#imageSize(tensor)} ${element}`;
  }

  /** The bytes that a tensor's image holds: a whole buffer where the tensor fills one, so that tensors of similar size share the image. */
  #imageSize(tensor: Tensor): number {
    return this.#isWhole(tensor) ? tensor.buffer.size : bindingSize(tensor);
  }

  #isWhole(tensor: Tensor): boolean {
    return tensor.offset === 0 &&
      sizeClass(bindingSize(tensor), this.#device.limits.maxBufferSize) === tensor.buffer.size;
  }

  #noteRead(image: Image): void {
    image.lastRead = this.#dispatches;
    for (const ordered of [this.#byAge, setOf(this.#alike, image.kind)]) {
      ordered.delete(image);
      ordered.add(image);
    }
    this.#idle.get(image.kind)?.delete(image);
  }

  /** An image that is not needed or can be replaced, else a new one. */
  #freeImage(size: number, format: ImageFormat, isWhole: boolean): Image {
    const kind = `${size} ${format.format} ${isWhole ? "whole" : "part"}`;
    const [idle] = this.#idle.get(kind) ?? [];
    const bufferBytes = this.#bufferBytes();
    const most = mostImageBytes(bufferBytes);
    const isTooMuch = this.#bytes + size > most ||
      isWhole && this.#wholeBytes + size > MOST_OF_BUFFERS * bufferBytes;
    const [oldest] = isTooMuch ? this.#alike.get(kind) ?? [] : [];
    const taken = idle ?? (oldest && oldest.lastRead < this.#dispatches ? oldest : undefined);
    if (taken) {
      this.#ofBuffers.get(taken.window!.buffer)!.delete(taken.window!.key);
      return taken;
    }
    for (const image of this.#byAge) {
      if (this.#bytes + size <= most || image.lastRead === this.#dispatches) break;
      this.#takeOut(image);
      this.#givenUp.push(image);
      this.#givenUpBytes += image.bytes;
    }
    return this.#create(size, format, { kind, isWhole });
  }

  /** Forgets an image, whose texture is still there. */
  #takeOut(image: Image): void {
    this.#ofBuffers.get(image.window!.buffer)?.delete(image.window!.key);
    this.#byAge.delete(image);
    this.#alike.get(image.kind)?.delete(image);
    this.#idle.get(image.kind)?.delete(image);
    this.#bytes -= image.bytes;
    if (image.isWhole) this.#wholeBytes -= image.bytes;
    this.#count--;
  }

  #create(size: number, format: ImageFormat, { kind, isWhole }: Pick<Image, "kind" | "isWhole">): Image {
    const texels = Math.ceil(size / format.bytes);
    const texture = this.#device.createTexture({
      label: `image ${size} B`,
      size: [Math.min(texels, IMAGE_WIDTH), Math.ceil(texels / IMAGE_WIDTH)],
      format: format.format,
      usage: GPUTextureUsage.STORAGE_BINDING | GPUTextureUsage.COPY_DST,
    });
    this.#count++;
    this.#bytes += size;
    if (isWhole) this.#wholeBytes += size;
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes + this.#givenUpBytes);
    return { id: this.#nextId++, texture, view: texture.createView(), format, kind, bytes: size, isWhole, lastRead: 0 };
  }
}

function setOf<T>(sets: Map<string, Set<T>>, key: string): Set<T> {
  let set = sets.get(key);
  if (!set) sets.set(key, set = new Set());
  return set;
}

/** Copies a range of bytes to its texels: the rest of the first row, whole rows, and the beginning of the last row. */
function copyStale(
  { texture, format: { bytes }, window }: Image,
  stale: NonNullable<Image["stale"]>,
  encoder: GPUCommandEncoder,
): void {
  const { buffer, start } = window!;
  let texel = Math.floor((stale.start - start) / bytes);
  const end = Math.ceil((stale.end - start) / bytes);
  while (texel < end) {
    const [x, y] = [texel % IMAGE_WIDTH, Math.floor(texel / IMAGE_WIDTH)];
    const rows = x === 0 ? Math.floor((end - texel) / IMAGE_WIDTH) : 0;
    const width = rows > 0 ? IMAGE_WIDTH : Math.min(IMAGE_WIDTH - x, end - texel);
    encoder.copyBufferToTexture(
      { buffer, offset: start + texel * bytes, bytesPerRow: IMAGE_WIDTH * bytes },
      { texture, origin: [x, y] },
      [width, Math.max(1, rows)],
    );
    texel += width * Math.max(1, rows);
  }
}
