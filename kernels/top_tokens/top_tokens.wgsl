// The likeliest tokens of each row: logProbs = x - log sum exp x of the `wanted` largest x, largest first, and their
// ids; among equals the smaller id first. logits: N V; logProbs, tokens: N K. `blocks` is V in blocks, of four numbers
// where V is a multiple of 4, of one otherwise. A row is walked once for every token that is
// picked. The tokens picked so far are those up to the last pick in that order, so nothing else need be stored.
struct Params { rows: u32, blocks: u32, wanted: u32 }

@group(0) @binding(0) var<storage, read> logits: array<Block>;
@group(0) @binding(1) var<storage, read_write> logProbs: array<f32>;
@group(0) @binding(2) var<storage, read_write> tokens: array<u32>;
@group(0) @binding(3) var<uniform> params: Params;

const LOWEST = -3.4028234e38;
const NO_TOKEN = 3.4028234e38; // above every id; ids are compared as numbers, which are exact up to 2^24

// The ids of a block's tokens.
fn idsOf(block: u32) -> Block {
  return f32(block * BLOCK_SIZE) + (oneHot(0u, 1u) + 2.0 * oneHot(0u, 2u) + 3.0 * oneHot(0u, 3u));
}

fn compute(row: u32, lane: u32) {
  let start = row * params.blocks;

  var highest = Block(LOWEST);
  for (var block = lane; block < params.blocks; block += ROW_LANES) {
    highest = max(highest, loadLogits(start + block));
  }
  let largest = rowMax(largestOf(highest), lane);
  var total = Block();
  for (var block = lane; block < params.blocks; block += ROW_LANES) {
    total += exp(loadLogits(start + block) - largest);
  }
  let logTotal = largest + log(rowSum(totalOf(total), lane));

  var lastValue = largest;
  var lastToken = -1.0;
  for (var pick = 0u; pick < params.wanted; pick++) {
    var value = Block(LOWEST);
    var token = Block(NO_TOKEN);
    for (var block = lane; block < params.blocks; block += ROW_LANES) {
      let x = loadLogits(start + block);
      let ids = idsOf(block);
      let isLeft = (x < Block(lastValue)) | ((x == Block(lastValue)) & (ids > Block(lastToken)));
      // A logit may be LOWEST itself; the first one that is left counts, however low it is.
      let isBetter = isLeft & ((x > value) | (token == Block(NO_TOKEN)));
      value = select(value, x, isBetter);
      token = select(token, ids, isBetter);
    }
    lastValue = rowMax(largestOf(value), lane);
    lastToken = -rowMax(largestOf(select(Block(-NO_TOKEN), -token, value == Block(lastValue))), lane);
    if (lane == 0u) {
      logProbs[row * params.wanted + pick] = lastValue - logTotal;
      tokens[row * params.wanted + pick] = u32(lastToken);
    }
  }
}
