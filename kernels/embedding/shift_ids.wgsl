// shifted[i] = ids[i] + offset. ids, shifted: any shape; those of a vec4u past its end are padding.
struct Params { vecs: u32, offset: u32 }

@group(0) @binding(0) var<storage, read> ids: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> shifted: array<vec4u>;
@group(0) @binding(2) var<uniform> params: Params;

fn compute(i: u32) {
  if (i < params.vecs) { shifted[i] = ids[i] + params.offset; }
}
