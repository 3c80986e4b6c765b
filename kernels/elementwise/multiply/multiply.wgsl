// out = x * y; dX = dOut * y, dY = dOut * x.
// All bindings: any shape as vec4f; those past its end are padding. One invocation computes four numbers.
struct Params { vecs: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> y: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(3) var<uniform> params: Params;

fn compute(i: u32) {
  if (i < params.vecs) { out[i] = loadX(i) * loadY(i); }
}
