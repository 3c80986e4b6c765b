// dX = dOut * weights. weights, dX: N as vec4f; dOut: 1.
struct Params { vecs: u32 }

@group(0) @binding(0) var<storage, read> dOut: array<f32>;
@group(0) @binding(1) var<storage, read> weights: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dX: array<vec4f>;
@group(0) @binding(3) var<uniform> params: Params;

fn compute(i: u32) {
  if (i < params.vecs) { dX[i] = dOut[0] * loadWeights(i); }
}
