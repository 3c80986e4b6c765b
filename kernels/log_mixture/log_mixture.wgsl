// out = log(w1 p + w2 q), p = softmax_V(first), q = softmax_V(second), given log w1 and log w2: the logits of a mixture.
// first, second, out: N V. A row is read twice. With a = log(w1 p) and b = log(w2 q),
// out = max(a, b) + log(1 + exp(-|a - b|)): nothing overflows, and the ratio still counts where both are far below 1.
struct Params { rows: u32, blocks: u32, firstLogWeight: f32, secondLogWeight: f32 }

@group(0) @binding(0) var<storage, read> first: array<Block>;
@group(0) @binding(1) var<storage, read> second: array<Block>;
@group(0) @binding(2) var<storage, read_write> out: array<Block>;
@group(0) @binding(3) var<uniform> params: Params;

fn compute(row: u32, lane: u32) {
  let start = row * params.blocks;
  var firstShare = emptyShare();
  var secondShare = emptyShare();
  for (var block = lane; block < params.blocks; block += ROW_LANES) {
    firstShare = withBlock(firstShare, loadFirst(start + block), Block(0.0));
    secondShare = withBlock(secondShare, loadSecond(start + block), Block(0.0));
  }
  let firstSum = rowOfShares(firstShare, lane).logSumExp;
  let secondSum = rowOfShares(secondShare, lane).logSumExp;
  for (var block = lane; block < params.blocks; block += ROW_LANES) {
    let a = params.firstLogWeight + logSoftmax(loadFirst(start + block), firstSum);
    let b = params.secondLogWeight + logSoftmax(loadSecond(start + block), secondSum);
    out[start + block] = max(a, b) + log(1.0 + exp(-abs(a - b)));
  }
}
