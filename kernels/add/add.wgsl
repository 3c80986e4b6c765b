// out = xScale * x + yScale * y; dX = xScale * dOut, dY = yScale * dOut.
// All bindings: any shape as vec4f; those past its end are padding. One invocation computes four numbers.
// With both scales 1 the result is x + y to the bit, whether or not the compiler fuses the product and the sum.
struct Params { vecs: u32, xScale: f32, yScale: f32 }

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> y: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(3) var<storage, read> dOut: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> dX: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> dY: array<vec4f>;
@group(0) @binding(6) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.y * count.x + workgroup.x) * WORKGROUP + lane;
  if (i < params.vecs) { out[i] = params.xScale * x[i] + params.yScale * y[i]; }
}

@compute @workgroup_size(WORKGROUP)
fn backward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.y * count.x + workgroup.x) * WORKGROUP + lane;
  if (i >= params.vecs) { return; }
  let gradient = dOut[i];
  dX[i] = params.xScale * gradient;
  dY[i] = params.yScale * gradient;
}

@compute @workgroup_size(WORKGROUP)
fn backwardX(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.y * count.x + workgroup.x) * WORKGROUP + lane;
  if (i < params.vecs) { dX[i] = params.xScale * dOut[i]; }
}
