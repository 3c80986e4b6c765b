// out = sum_N weights * x; dX = dOut * weights. x, weights, dX: N; out, dOut: 1.
// Forward: one workgroup sums all, in a fixed order. Backward: one invocation writes one vec4f of `vecs`.
struct Params { size: u32, vecs: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<storage, read> dOut: array<f32>;
@group(0) @binding(4) var<storage, read> weightVecs: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> dX: array<vec4f>;
@group(0) @binding(6) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var i = lane; i < params.size; i += WORKGROUP) { sum = fma(weights[i], x[i], sum); }
  let total = workgroupSum(sum, lane);
  if (lane == 0u) { out[0] = total; }
}

@compute @workgroup_size(WORKGROUP)
fn backward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = rowOfWorkgroup(workgroup, count) * WORKGROUP + lane;
  if (index < params.vecs) { dX[index] = dOut[0] * weightVecs[index]; }
}
