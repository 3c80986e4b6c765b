// out = -sum_V p log p, p = softmax_V(logits); dLogits = -dOut * p * (log p + out).
// logits, dLogits: N V; out, dOut: N; logSumExp: N 2. Row by row; forward reads a row twice, so that it sums
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

fn forward(row: u32, lane: u32) {
  let start = row * params.blocks;
  var share = emptyShare();
  for (var block = lane; block < params.blocks; block += ROW_LANES) {
    share = withBlock(share, loadLogits(start + block), Block(0.0));
  }
  let total = rowOfShares(share, lane);
  var sums = Block(0.0);
  for (var block = lane; block < params.blocks; block += ROW_LANES) {
    let logP = logSoftmax(loadLogits(start + block), total.logSumExp);
    sums = fma(exp(logP), logP, sums);
  }
  let sum = rowSum(totalOf(sums), lane);
  if (lane == 0u) {
    out[row] = -sum;
    logSumExp[row] = total.logSumExp;
  }
}

fn backward(row: u32, lane: u32) {
  let start = row * params.blocks;
  let total = savedLogSumExp[row];
  let scale = -dOut[row];
  let entropy = Block(savedOut[row]);
  for (var block = lane; block < params.blocks; block += ROW_LANES) {
    let logP = logSoftmax(loadLogits(start + block), total);
    dLogits[start + block] = scale * exp(logP) * (logP + entropy);
  }
}
