// out = xScale * x + yScale * y; dX = xScale * dOut, and likewise dY.
// All bindings: any shape as vec4f; those past its end are padding. One invocation computes four numbers.
// With both scales 1 the result is x + y to the bit, whether or not the compiler fuses the product and the sum.
struct Params { vecs: u32, xScale: f32, yScale: f32 }

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> y: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(3) var<storage, read> dOut: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> dX: array<vec4f>;
@group(0) @binding(5) var<uniform> params: Params;

fn forward(i: u32) {
  if (i < params.vecs) { out[i] = params.xScale * loadX(i) + params.yScale * loadY(i); }
}

fn backward(i: u32) {
  if (i < params.vecs) { dX[i] = params.xScale * loadDOut(i); }
}
