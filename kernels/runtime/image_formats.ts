/** How elements are stored in an image, which kernels read texel by texel. */
export interface ImageFormat {
  readonly format: GPUTextureFormat;
  readonly bytes: number;
  /** The components of a texel that form the element. */
  readonly swizzle: string;
}

/** The formats, by the WGSL type of the element. */
export const IMAGE_FORMATS: Readonly<Record<string, ImageFormat>> = {
  f32: { format: "r32float", bytes: 4, swizzle: ".x" },
  u32: { format: "r32uint", bytes: 4, swizzle: ".x" },
  vec2f: { format: "rg32float", bytes: 8, swizzle: ".xy" },
  vec2u: { format: "rg32uint", bytes: 8, swizzle: ".xy" },
  vec4f: { format: "rgba32float", bytes: 16, swizzle: "" },
  vec4u: { format: "rgba32uint", bytes: 16, swizzle: "" },
};

/** Texels per row: element i is texel (i % IMAGE_WIDTH, i / IMAGE_WIDTH). A power of two that no device's limit is below. */
export const IMAGE_WIDTH = 2048;
