// out = logits / T of the K tokens of each row, and, where some are left, log sum exp(logits / T) over all others as one.
// dLogits = dOut_k / T at token k; elsewhere dOut_K / T * exp(logits / T - out_K), with the share of each in the others.
// logits, dLogits: N V; ids: N K, ascending in each row; out, dOut: N E, E = K + 1, or K where K = V; logSumExp: N 2.
// A row is walked from its first token to its last, and the ids beside it; forward does so twice.
struct Params { rows: u32, blocks: u32, kept: u32, events: u32, inverseTemperature: f32 }

@group(0) @binding(0) var<storage, read> logits: array<Block>;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<storage, read_write> logSumExp: array<vec2f>;
@group(0) @binding(4) var<storage, read> dOut: array<f32>;
@group(0) @binding(5) var<storage, read> savedLogSumExp: array<vec2f>;
@group(0) @binding(6) var<storage, read_write> dLogits: array<Block>;
@group(0) @binding(7) var<uniform> params: Params;

// Where the ids of a row go on that are not before a block, from those of an earlier block on.
fn idsFrom(row: u32, earlier: u32, block: u32) -> u32 {
  var next = earlier;
  while (next < params.kept && loadIds(row * params.kept + next) < block * BLOCK_SIZE) { next++; }
  return next;
}

// 1 at the kept tokens of a block, of which `next` may be the first.
fn keptOf(row: u32, next: u32, block: u32) -> Block {
  var kept = Block(0.0);
  for (var i = 0u; i < BLOCK_SIZE; i++) {
    if (next + i < params.kept) { kept += oneHot(block, loadIds(row * params.kept + next + i)); }
  }
  return kept;
}

fn forward(row: u32, lane: u32) {
  let start = row * params.blocks;
  for (var k = lane; k < params.kept; k += ROW_LANES) {
    let id = loadIds(row * params.kept + k);
    out[row * params.events + k] = params.inverseTemperature * entryOf(loadLogits(start + id / BLOCK_SIZE), id % BLOCK_SIZE);
  }
  if (params.events == params.kept) { return; }
  var highest = Block(LOWEST);
  var next = 0u;
  for (var block = lane; block < params.blocks; block += ROW_LANES) {
    next = idsFrom(row, next, block);
    let z = params.inverseTemperature * loadLogits(start + block);
    highest = max(highest, select(z, Block(LOWEST), keptOf(row, next, block) > Block(0.0)));
  }
  let largest = rowMax(largestOf(highest), lane);
  var total = Block(0.0);
  next = 0u;
  for (var block = lane; block < params.blocks; block += ROW_LANES) {
    next = idsFrom(row, next, block);
    let z = params.inverseTemperature * loadLogits(start + block);
    total += select(exp(z - Block(largest)), Block(0.0), keptOf(row, next, block) > Block(0.0));
  }
  let others = vec2f(largest, log(rowSum(totalOf(total), lane)));
  if (lane == 0u) {
    out[row * params.events + params.kept] = others.x + others.y;
    logSumExp[row] = others;
  }
}

fn backward(row: u32, lane: u32) {
  let start = row * params.blocks;
  let first = row * params.events;
  var ofOthers = 0.0;
  if (params.events > params.kept) { ofOthers = dOut[first + params.kept]; }
  let others = savedLogSumExp[row];
  var next = 0u;
  for (var block = lane; block < params.blocks; block += ROW_LANES) {
    next = idsFrom(row, next, block);
    let z = params.inverseTemperature * loadLogits(start + block);
    let kept = keptOf(row, next, block);
    var slopes = select(ofOthers * exp(logSoftmax(z, others)), Block(0.0), kept > Block(0.0));
    for (var i = 0u; i < BLOCK_SIZE; i++) {
      if (next + i < params.kept) {
        slopes += dOut[first + next + i] * oneHot(block, loadIds(row * params.kept + next + i));
      }
    }
    dLogits[start + block] = params.inverseTemperature * slopes;
  }
}
