// out = x / rms(x) * weight, rms(x) = sqrt(mean_C(x^2) + eps)                        (Zhang & Sennrich 2019)
// x, out, dOut, dX: N C; weight: C; inverseRms: N.
// Rows are read by blocks, of four numbers where C is a multiple of 4, of one otherwise; `blocks` is a row's blocks.
// f32 sums in a fixed order.
struct Params { rows: u32, blocks: u32, size: f32, eps: f32 }

@group(0) @binding(0) var<storage, read> x: array<Block>;
@group(0) @binding(1) var<storage, read> weight: array<Block>;
@group(0) @binding(2) var<storage, read_write> out: array<Block>;
@group(0) @binding(3) var<storage, read_write> inverseRms: array<f32>;
@group(0) @binding(4) var<storage, read> dOut: array<Block>;
@group(0) @binding(5) var<storage, read> savedInverseRms: array<f32>;
@group(0) @binding(6) var<storage, read_write> dX: array<Block>;
@group(0) @binding(7) var<uniform> params: Params;

fn forward(row: u32, lane: u32) {
  let start = row * params.blocks;
  var squares = Block();
  for (var c = lane; c < params.blocks; c += ROW_LANES) {
    let value = loadX(start + c);
    squares = fma(value, value, squares);
  }
  let inverse = inverseSqrt(rowSum(totalOf(squares), lane) / params.size + params.eps);
  for (var c = lane; c < params.blocks; c += ROW_LANES) { out[start + c] = loadX(start + c) * inverse * loadWeight(c); }
  if (lane == 0u) { inverseRms[row] = inverse; }
}

// With h = x / rms, g = dOut * weight: dX = (g - h * mean_C(g * h)) / rms.
fn backwardX(row: u32, lane: u32) {
  let start = row * params.blocks;
  let inverse = savedInverseRms[row];
  var dot = Block();
  for (var c = lane; c < params.blocks; c += ROW_LANES) {
    dot = fma(loadDOut(start + c) * loadWeight(c), loadX(start + c) * inverse, dot);
  }
  let mean = rowSum(totalOf(dot), lane) / params.size;
  for (var c = lane; c < params.blocks; c += ROW_LANES) {
    dX[start + c] = (loadDOut(start + c) * loadWeight(c) - loadX(start + c) * inverse * mean) * inverse;
  }
}
