// Online log-sum-exp of a row of logits z, and the mean of values under softmax(z), in one pass:
// logSumExp = (largest, log sum_V exp(z - largest)), mean = sum_V exp(z - largest) value / sum_V exp(z - largest).
// The two parts of logSumExp are kept apart, because their sum would lose the second where logits are far from 0.
// A share covers what one invocation has read; the shares of its lanes make a row. Sums are in a fixed order.
const LOWEST = -3.4028234e38;

struct Share { largest: f32, sum: Block, weighted: Block }
struct RowSum { logSumExp: vec2f, mean: f32 }

fn emptyShare() -> Share { return Share(LOWEST, Block(0.0), Block(0.0)); }

fn withBlock(share: Share, z: Block, value: Block) -> Share {
  let largest = max(share.largest, largestOf(z));
  let rescale = Block(exp(share.largest - largest));
  let weights = exp(z - Block(largest));
  return Share(largest, fma(share.sum, rescale, weights), fma(share.weighted, rescale, weights * value));
}

fn rowOfShares(share: Share, lane: u32) -> RowSum {
  let largest = rowMax(share.largest, lane);
  let rescale = exp(share.largest - largest);
  let sum = rowSum(totalOf(share.sum) * rescale, lane);
  let weighted = rowSum(totalOf(share.weighted) * rescale, lane);
  return RowSum(vec2f(largest, log(sum)), weighted / sum);
}

fn logSoftmax(z: Block, rowSum: vec2f) -> Block { return (z - Block(rowSum.x)) - Block(rowSum.y); }
