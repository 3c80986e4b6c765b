import { IMAGE_FORMATS, IMAGE_WIDTH } from "./image_formats.ts";
import loadBufferWgsl from "./load_buffer.wgsl" with { type: "text" };
import loadTexelWgsl from "./load_texel.wgsl" with { type: "text" };
import { type Kernel, type KernelBinding, loaderOf } from "./kernel.ts";

/** The bindings of a dispatch that are images: bit i stands for binding i of the kernel. */
export type ImageSet = number;

export function isImage(images: ImageSet, index: number): boolean {
  return (images >> index & 1) === 1;
}

/**
 * The WGSL that is compiled. Bindings are numbered 0, 1, 2 …, the uniform last, because entry points of one text bind different
 * variables. For each binding that the text loads, `loadName(i: u32)` is added, which reads from a buffer or from a texel.
 */
export function textFor(kernel: Kernel, imageSet: ImageSet): string {
  const order = new Map(kernel.bindings.map(({ name }, index) => [name, index]));
  const images = new Map(kernel.bindings.filter((_, i) => isImage(imageSet, i)).map((each) => [each.name, each]));
  const declared = kernel.wgsl.replaceAll(
    /@group\(0\)\s*@binding\((\d+)\)(\s*var<\s*(uniform|storage)[^>]*>\s*(\w+))(\s*:[^;]*;)/g,
    (_, number, rest, kind, name, type) => {
      const used = kind === "uniform" ? kernel.bindings.length : order.get(name) ?? 100 + Number(number);
      const image = images.get(name);
      return `@group(0) @binding(${used})${image ? ` var ${name}: ${imageType(image)};` : rest + type}`;
    },
  );
  // Other entry points may load what this one does not bind.
  const loaders = [...kernel.wgsl.matchAll(/var<\s*storage\s*(?:,\s*read\s*)?>\s*(\w+)\s*:\s*array<\s*(\w+)\s*>/g)]
    .map(([, name, element]) => loader(name, element, images.get(name)));
  return [declared, ...loaders].join("\n");
}

function imageType({ element }: KernelBinding): string {
  return `texture_storage_2d<${IMAGE_FORMATS[element].format}, read>`;
}

function loader(name: string, element: string, image: KernelBinding | undefined): string {
  const words: Readonly<Record<string, string>> = {
    ...{ LOADER: loaderOf(name), ELEMENT: element, BINDING: name, WIDTH: `${IMAGE_WIDTH}u` },
    SWIZZLE: image ? IMAGE_FORMATS[image.element].swizzle : "",
  };
  const text = image ? loadTexelWgsl : loadBufferWgsl;
  return text.trimEnd().replace(/\b(LOADER|ELEMENT|BINDING|WIDTH|SWIZZLE)\b/g, (word) => words[word]);
}
