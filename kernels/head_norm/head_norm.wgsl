// Root-mean-square norms of the query and key heads of a packed projection: out = x / rms_D(x) * (offset + weight), value heads copied.
// x, out, dOut, dX: B T with heads of D side by side, first `queryHeads` of queries, then the rest of `normedHeads` of keys, then values of
// `heads` in all; queryWeight, keyWeight: D; inverseRms: a number for each head of each token. A row is a head; it is read by blocks, of four
// numbers where D is a multiple of 4, of one otherwise. Value heads walk along, because sums over lanes need all rows alike.
struct Params {
  rows: u32, blocks: u32, size: f32, eps: f32, offset: f32, heads: u32, queryHeads: u32, normedHeads: u32,
}

@group(0) @binding(0) var<storage, read> x: array<Block>;
@group(0) @binding(1) var<storage, read> queryWeight: array<Block>;
@group(0) @binding(2) var<storage, read> keyWeight: array<Block>;
@group(0) @binding(3) var<storage, read_write> out: array<Block>;
@group(0) @binding(4) var<storage, read_write> inverseRms: array<f32>;
@group(0) @binding(5) var<storage, read> dOut: array<Block>;
@group(0) @binding(6) var<storage, read> savedInverseRms: array<f32>;
@group(0) @binding(7) var<storage, read_write> dX: array<Block>;
@group(0) @binding(8) var<uniform> params: Params;

fn weightOf(head: u32, c: u32) -> Block {
  if (head < params.queryHeads) { return params.offset + loadQueryWeight(c); }
  return params.offset + loadKeyWeight(c);
}

fn forward(row: u32, lane: u32) {
  let start = row * params.blocks;
  let head = row % params.heads;
  var squares = Block();
  for (var c = lane; c < params.blocks; c += ROW_LANES) {
    let value = loadX(start + c);
    squares = fma(value, value, squares);
  }
  let inverse = inverseSqrt(rowSum(totalOf(squares), lane) / params.size + params.eps);
  for (var c = lane; c < params.blocks; c += ROW_LANES) {
    let value = loadX(start + c);
    if (head < params.normedHeads) { out[start + c] = value * inverse * weightOf(head, c); } else { out[start + c] = value; }
  }
  if (lane == 0u) { inverseRms[row] = inverse; }
}

// With h = x / rms, g = dOut * (offset + weight): dX = (g - h * mean_D(g * h)) / rms.
fn backwardX(row: u32, lane: u32) {
  let start = row * params.blocks;
  let head = row % params.heads;
  let inverse = savedInverseRms[row];
  var dot = Block();
  for (var c = lane; c < params.blocks; c += ROW_LANES) {
    dot = fma(loadDOut(start + c) * weightOf(head, c), loadX(start + c) * inverse, dot);
  }
  let mean = rowSum(totalOf(dot), lane) / params.size;
  for (var c = lane; c < params.blocks; c += ROW_LANES) {
    let slope = loadDOut(start + c);
    if (head < params.normedHeads) {
      dX[start + c] = (slope * weightOf(head, c) - loadX(start + c) * inverse * mean) * inverse;
    } else {
      dX[start + c] = slope;
    }
  }
}
