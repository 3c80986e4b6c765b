// out = advantage * log softmax_V(logits)[action]; dLogits = dOut * advantage * (oneHot(action) - softmax(logits)).
// logits, dLogits: N V; actions, advantages, out, dOut: N; logSumExp: N 2. Row by row; one pass either way.
struct Params { rows: u32, blocks: u32 }

@group(0) @binding(0) var<storage, read> logits: array<Block>;
@group(0) @binding(1) var<storage, read> actions: array<u32>;
@group(0) @binding(2) var<storage, read> advantages: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<storage, read_write> logSumExp: array<vec2f>;
@group(0) @binding(5) var<storage, read> dOut: array<f32>;
@group(0) @binding(6) var<storage, read> savedLogSumExp: array<vec2f>;
@group(0) @binding(7) var<storage, read_write> dLogits: array<Block>;
@group(0) @binding(8) var<uniform> params: Params;

fn forward(row: u32, lane: u32) {
  let start = row * params.blocks;
  var share = emptyShare();
  for (var block = lane; block < params.blocks; block += ROW_LANES) {
    share = withBlock(share, loadLogits(start + block), Block(0.0));
  }
  let total = rowOfShares(share, lane);
  if (lane == 0u) {
    let action = actions[row];
    let logP = logSoftmax(loadLogits(start + action / BLOCK_SIZE), total.logSumExp);
    out[row] = advantages[row] * entryOf(logP, action % BLOCK_SIZE);
    logSumExp[row] = total.logSumExp;
  }
}

fn backward(row: u32, lane: u32) {
  let start = row * params.blocks;
  let action = actions[row];
  let scale = dOut[row] * advantages[row];
  let total = savedLogSumExp[row];
  for (var block = lane; block < params.blocks; block += ROW_LANES) {
    let p = exp(logSoftmax(loadLogits(start + block), total));
    dLogits[start + block] = scale * (oneHot(block, action) - p);
  }
}
