// out = x / rms(x) * weight, rms(x) = sqrt(mean_C(x^2) + eps)                        (Zhang & Sennrich 2019)
// x, out, dOut, dX: N C; weight: C; inverseRms: N; dWeightParts: P C, summed over P by column_sum.
// Rows are read by blocks, of four numbers where C is a multiple of 4, of one otherwise; `width` is a row's blocks.
// One workgroup owns one row; f32 sums in a fixed order.
struct Params { rows: u32, width: u32, size: f32, eps: f32, parts: u32 }

@group(0) @binding(0) var<storage, read> x: array<Block>;
@group(0) @binding(1) var<storage, read> weight: array<Block>;
@group(0) @binding(2) var<storage, read_write> out: array<Block>;
@group(0) @binding(3) var<storage, read_write> inverseRms: array<f32>;
@group(0) @binding(4) var<storage, read> dOut: array<Block>;
@group(0) @binding(5) var<storage, read> savedInverseRms: array<f32>;
@group(0) @binding(6) var<storage, read_write> dX: array<Block>;
@group(0) @binding(7) var<storage, read_write> dWeightParts: array<Block>;
@group(0) @binding(8) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = rowOfWorkgroup(workgroup, count);
  if (row >= params.rows) { return; }
  let start = row * params.width;
  var squares = Block();
  for (var c = lane; c < params.width; c += WORKGROUP) {
    let value = x[start + c];
    squares = fma(value, value, squares);
  }
  let inverse = inverseSqrt(workgroupSum(totalOf(squares), lane) / params.size + params.eps);
  for (var c = lane; c < params.width; c += WORKGROUP) { out[start + c] = x[start + c] * inverse * weight[c]; }
  if (lane == 0u) { inverseRms[row] = inverse; }
}

// With h = x / rms, g = dOut * weight: dX = (g - h * mean_C(g * h)) / rms.
@compute @workgroup_size(WORKGROUP)
fn backwardX(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = rowOfWorkgroup(workgroup, count);
  if (row >= params.rows) { return; }
  let start = row * params.width;
  let inverse = savedInverseRms[row];
  var dot = Block();
  for (var c = lane; c < params.width; c += WORKGROUP) {
    dot = fma(dOut[start + c] * weight[c], x[start + c] * inverse, dot);
  }
  let mean = workgroupSum(totalOf(dot), lane) / params.size;
  for (var c = lane; c < params.width; c += WORKGROUP) {
    dX[start + c] = (dOut[start + c] * weight[c] - x[start + c] * inverse * mean) * inverse;
  }
}

// dWeight[c] = sum_N dOut * h; each workgroup along y sums its share of the rows.
@compute @workgroup_size(WORKGROUP)
fn backwardWeight(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let c = workgroup.x * WORKGROUP + lane;
  if (c >= params.width) { return; }
  let share = (params.rows + params.parts - 1u) / params.parts;
  let end = min(params.rows, (workgroup.y + 1u) * share);
  var sum = Block();
  for (var row = workgroup.y * share; row < end; row++) {
    let at = row * params.width + c;
    sum = fma(dOut[at], x[at] * savedInverseRms[row], sum);
  }
  dWeightParts[workgroup.y * params.width + c] = sum;
}
