// out = E_{a ~ softmax_V(logits)} values[a] = sum_V p * values; dLogits = dOut * p * (values - out); dValues = dOut * p.
// logits, values, dLogits, dValues: N V; out, dOut: N; logSumExp: N 2. Row by row; one pass either way.
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

fn forward(row: u32, lane: u32) {
  let start = row * params.blocks;
  var share = emptyShare();
  for (var block = lane; block < params.blocks; block += ROW_LANES) {
    share = withBlock(share, loadLogits(start + block), loadValues(start + block));
  }
  let total = rowOfShares(share, lane);
  if (lane == 0u) {
    out[row] = total.mean;
    logSumExp[row] = total.logSumExp;
  }
}

fn backwardLogits(row: u32, lane: u32) {
  let start = row * params.blocks;
  let total = savedLogSumExp[row];
  let scale = dOut[row];
  let mean = Block(savedOut[row]);
  for (var block = lane; block < params.blocks; block += ROW_LANES) {
    let p = exp(logSoftmax(loadLogits(start + block), total));
    dLogits[start + block] = scale * p * (loadValues(start + block) - mean);
  }
}

fn backwardValues(row: u32, lane: u32) {
  let start = row * params.blocks;
  let total = savedLogSumExp[row];
  let scale = dOut[row];
  for (var block = lane; block < params.blocks; block += ROW_LANES) {
    dValues[start + block] = scale * exp(logSoftmax(loadLogits(start + block), total));
  }
}
