// out = (x - mean) / deviation * weight + bias, mean and biased variance over C, deviation = sqrt(variance + eps)
//                                                                                               (Ba et al. 2016)
// x, out, dOut, dX: N C; weight, bias: C; means, inverses (1 / deviation): N; dWeightParts: P C, summed by column_sum.
// Rows are read by blocks, of four numbers where C is a multiple of 4, of one otherwise; `width` is a row's blocks.
// One workgroup owns one row; f32 sums in a fixed order. The variance is summed from deviations, after the mean: no
// difference of large squares.
struct Params { rows: u32, width: u32, size: f32, eps: f32, parts: u32 }

@group(0) @binding(0) var<storage, read> x: array<Block>;
@group(0) @binding(1) var<storage, read> weight: array<Block>;
@group(0) @binding(2) var<storage, read> bias: array<Block>;
@group(0) @binding(3) var<storage, read_write> out: array<Block>;
@group(0) @binding(4) var<storage, read_write> means: array<f32>;
@group(0) @binding(5) var<storage, read_write> inverses: array<f32>;
@group(0) @binding(6) var<storage, read> savedMeans: array<f32>;
@group(0) @binding(7) var<storage, read> savedInverses: array<f32>;
@group(0) @binding(8) var<storage, read> dOut: array<Block>;
@group(0) @binding(9) var<storage, read_write> dX: array<Block>;
@group(0) @binding(10) var<storage, read_write> dWeightParts: array<Block>;
@group(0) @binding(11) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = rowOfWorkgroup(workgroup, count);
  if (row >= params.rows) { return; }
  let start = row * params.width;
  var sum = Block();
  for (var c = lane; c < params.width; c += WORKGROUP) { sum += x[start + c]; }
  let mean = workgroupSum(totalOf(sum), lane) / params.size;
  var squares = Block();
  for (var c = lane; c < params.width; c += WORKGROUP) {
    let difference = x[start + c] - mean;
    squares = fma(difference, difference, squares);
  }
  let inverse = inverseSqrt(workgroupSum(totalOf(squares), lane) / params.size + params.eps);
  for (var c = lane; c < params.width; c += WORKGROUP) {
    out[start + c] = fma((x[start + c] - mean) * inverse, weight[c], bias[c]);
  }
  if (lane == 0u) {
    means[row] = mean;
    inverses[row] = inverse;
  }
}

// With h = (x - mean) / deviation, g = dOut * weight: dX = (g - mean_C(g) - h * mean_C(g * h)) / deviation.
@compute @workgroup_size(WORKGROUP)
fn backwardX(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = rowOfWorkgroup(workgroup, count);
  if (row >= params.rows) { return; }
  let start = row * params.width;
  let mean = savedMeans[row];
  let inverse = savedInverses[row];
  var sum = Block();
  var dot = Block();
  for (var c = lane; c < params.width; c += WORKGROUP) {
    let gradient = dOut[start + c] * weight[c];
    sum += gradient;
    dot = fma(gradient, (x[start + c] - mean) * inverse, dot);
  }
  let gradientMean = workgroupSum(totalOf(sum), lane) / params.size;
  let dotMean = workgroupSum(totalOf(dot), lane) / params.size;
  for (var c = lane; c < params.width; c += WORKGROUP) {
    let gradient = dOut[start + c] * weight[c];
    dX[start + c] = (gradient - gradientMean - (x[start + c] - mean) * inverse * dotMean) * inverse;
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
    sum = fma(dOut[at], (x[at] - savedMeans[row]) * savedInverses[row], sum);
  }
  dWeightParts[workgroup.y * params.width + c] = sum;
}
