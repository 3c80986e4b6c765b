// out = x / rms(x) * weight, rms(x) = sqrt(mean_C(x^2) + eps)                        (Zhang & Sennrich 2019)
// x, out, dOut, dX: N C; weight: C; inverseRms: N; dWeightParts: P C, summed over P by column_sum.
// One workgroup owns one row; f32 sums in a fixed order.
struct Params { rows: u32, size: u32, eps: f32, parts: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<storage, read_write> inverseRms: array<f32>;
@group(0) @binding(4) var<storage, read> dOut: array<f32>;
@group(0) @binding(5) var<storage, read> savedInverseRms: array<f32>;
@group(0) @binding(6) var<storage, read_write> dX: array<f32>;
@group(0) @binding(7) var<storage, read_write> dWeightParts: array<f32>;
@group(0) @binding(8) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = rowOfWorkgroup(workgroup, count);
  if (row >= params.rows) { return; }
  let start = row * params.size;
  var squares = 0.0;
  for (var c = lane; c < params.size; c += WORKGROUP) { squares = fma(x[start + c], x[start + c], squares); }
  let inverse = inverseSqrt(workgroupSum(squares, lane) / f32(params.size) + params.eps);
  for (var c = lane; c < params.size; c += WORKGROUP) { out[start + c] = x[start + c] * inverse * weight[c]; }
  if (lane == 0u) { inverseRms[row] = inverse; }
}

// With h = x / rms: dX = (dOut * weight - h * mean_C(dOut * weight * h)) / rms.
@compute @workgroup_size(WORKGROUP)
fn backwardX(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = rowOfWorkgroup(workgroup, count);
  if (row >= params.rows) { return; }
  let start = row * params.size;
  let inverse = savedInverseRms[row];
  var dot = 0.0;
  for (var c = lane; c < params.size; c += WORKGROUP) { dot = fma(dOut[start + c] * weight[c], x[start + c] * inverse, dot); }
  let mean = workgroupSum(dot, lane) / f32(params.size);
  for (var c = lane; c < params.size; c += WORKGROUP) {
    dX[start + c] = (dOut[start + c] * weight[c] - x[start + c] * inverse * mean) * inverse;
  }
}

// dWeight[c] = sum_N dOut * h; each workgroup along y sums its share of the rows.
@compute @workgroup_size(WORKGROUP)
fn backwardWeight(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let c = workgroup.x * WORKGROUP + lane;
  if (c >= params.size) { return; }
  let share = (params.rows + params.parts - 1u) / params.parts;
  let end = min(params.rows, (workgroup.y + 1u) * share);
  var sum = 0.0;
  for (var row = workgroup.y * share; row < end; row++) {
    sum = fma(dOut[row * params.size + c], x[row * params.size + c] * savedInverseRms[row], sum);
  }
  dWeightParts[workgroup.y * params.size + c] = sum;
}
