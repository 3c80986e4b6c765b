// out = E_{a ~ softmax_V(logits)} values[a] = sum_V p * values; dLogits = dOut * p * (values - out); dValues = dOut * p.
// logits, values, dLogits, dValues: N V; out, dOut: N; logSumExp: N 2. One workgroup owns one row; one pass either way.
struct Params { rows: u32, blocks: u32 }

@group(0) @binding(0) var<storage, read> logits: array<Block>;
@group(0) @binding(1) var<storage, read> values: array<Block>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<storage, read_write> logSumExp: array<vec2f>;
@group(0) @binding(4) var<storage, read> dOut: array<f32>;
@group(0) @binding(5) var<storage, read> savedOut: array<f32>;
@group(0) @binding(6) var<storage, read> savedLogSumExp: array<vec2f>;
@group(0) @binding(7) var<storage, read_write> dLogits: array<Block>;
@group(0) @binding(8) var<storage, read_write> dValues: array<Block>;
@group(0) @binding(9) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = rowOfWorkgroup(workgroup, count);
  if (row >= params.rows) { return; }
  let start = row * params.blocks;
  var share = emptyShare();
  for (var block = lane; block < params.blocks; block += WORKGROUP) {
    share = withBlock(share, logits[start + block], values[start + block]);
  }
  let total = rowOfShares(share, lane);
  if (lane == 0u) {
    out[row] = total.mean;
    logSumExp[row] = total.logSumExp;
  }
}

@compute @workgroup_size(WORKGROUP)
fn backwardLogits(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = rowOfWorkgroup(workgroup, count);
  if (row >= params.rows) { return; }
  let start = row * params.blocks;
  for (var block = lane; block < params.blocks; block += WORKGROUP) {
    let p = exp(logSoftmax(logits[start + block], savedLogSumExp[row]));
    dLogits[start + block] = dOut[row] * p * (values[start + block] - Block(savedOut[row]));
  }
}

@compute @workgroup_size(WORKGROUP)
fn backwardValues(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = rowOfWorkgroup(workgroup, count);
  if (row >= params.rows) { return; }
  let start = row * params.blocks;
  for (var block = lane; block < params.blocks; block += WORKGROUP) {
    dValues[start + block] = dOut[row] * exp(logSoftmax(logits[start + block], savedLogSumExp[row]));
  }
}
