// out = sum_N weights * x, by one workgroup in a fixed order. x, weights: N; out: 1.
struct Params { size: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var i = lane; i < params.size; i += WORKGROUP) { sum = fma(loadWeights(i), loadX(i), sum); }
  let total = workgroupSum(sum, lane);
  if (lane == 0u) { out[0] = total; }
}
