// out = -sum_V p log p, p = softmax_V(logits); dLogits = -dOut * p * (log p + out).
// logits, dLogits: N V; out, dOut: N; logSumExp: N 2. One workgroup owns one row; forward reads it twice, so that the sum is of
// p log p itself and not a difference of larger numbers.
struct Params { rows: u32, blocks: u32 }

@group(0) @binding(0) var<storage, read> logits: array<Block>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read_write> logSumExp: array<vec2f>;
@group(0) @binding(3) var<storage, read> dOut: array<f32>;
@group(0) @binding(4) var<storage, read> savedOut: array<f32>;
@group(0) @binding(5) var<storage, read> savedLogSumExp: array<vec2f>;
@group(0) @binding(6) var<storage, read_write> dLogits: array<Block>;
@group(0) @binding(7) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = rowOfWorkgroup(workgroup, count);
  if (row >= params.rows) { return; }
  let start = row * params.blocks;
  var share = emptyShare();
  for (var block = lane; block < params.blocks; block += WORKGROUP) {
    share = withBlock(share, logits[start + block], Block(0.0));
  }
  let total = rowOfShares(share, lane);
  var sums = Block(0.0);
  for (var block = lane; block < params.blocks; block += WORKGROUP) {
    let logP = logSoftmax(logits[start + block], total.logSumExp);
    sums = fma(exp(logP), logP, sums);
  }
  let sum = workgroupSum(totalOf(sums), lane);
  if (lane == 0u) {
    out[row] = -sum;
    logSumExp[row] = total.logSumExp;
  }
}

@compute @workgroup_size(WORKGROUP)
fn backward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = rowOfWorkgroup(workgroup, count);
  if (row >= params.rows) { return; }
  let start = row * params.blocks;
  for (var block = lane; block < params.blocks; block += WORKGROUP) {
    let logP = logSoftmax(logits[start + block], savedLogSumExp[row]);
    dLogits[start + block] = -dOut[row] * exp(logP) * (logP + Block(savedOut[row]));
  }
}
