// out = (x - mean) / deviation * weight + bias, mean and biased variance over C, deviation = sqrt(variance + eps)
//                                                                                               (Ba et al. 2016)
// x, out, dOut, dX: N C; weight, bias: C; means, inverses (1 / deviation): N.
// Rows are read by blocks, of four numbers where C is a multiple of 4, of one otherwise; `blocks` is a row's blocks.
// f32 sums in a fixed order. The variance is summed from deviations, after the mean,
// and not computed as a difference of large squares.
struct Params { rows: u32, blocks: u32, size: f32, eps: f32 }

@group(0) @binding(0) var<storage, read> x: array<Block>;
@group(0) @binding(1) var<storage, read> weight: array<Block>;
@group(0) @binding(2) var<storage, read> bias: array<Block>;
@group(0) @binding(3) var<storage, read_write> out: array<Block>;
@group(0) @binding(4) var<storage, read_write> means: array<f32>;
@group(0) @binding(5) var<storage, read_write> inverses: array<f32>;
@group(0) @binding(6) var<storage, read> savedMeans: array<f32>;
@group(0) @binding(7) var<storage, read> savedInverses: array<f32>;
@group(0) @binding(8) var<storage, read> dOut: array<Block>;
@group(0) @binding(9) var<storage, read_write> dX: array<Block>;
@group(0) @binding(10) var<uniform> params: Params;

fn forward(row: u32, lane: u32) {
  let start = row * params.blocks;
  var sum = Block();
  for (var c = lane; c < params.blocks; c += ROW_LANES) { sum += loadX(start + c); }
  let mean = rowSum(totalOf(sum), lane) / params.size;
  var squares = Block();
  for (var c = lane; c < params.blocks; c += ROW_LANES) {
    let difference = loadX(start + c) - mean;
    squares = fma(difference, difference, squares);
  }
  let inverse = inverseSqrt(rowSum(totalOf(squares), lane) / params.size + params.eps);
  for (var c = lane; c < params.blocks; c += ROW_LANES) {
    out[start + c] = fma((loadX(start + c) - mean) * inverse, loadWeight(c), loadBias(c));
  }
  if (lane == 0u) {
    means[row] = mean;
    inverses[row] = inverse;
  }
}

// With h = (x - mean) / deviation, g = dOut * weight: dX = (g - mean_C(g) - h * mean_C(g * h)) / deviation.
fn backwardX(row: u32, lane: u32) {
  let start = row * params.blocks;
  let mean = savedMeans[row];
  let inverse = savedInverses[row];
  var sum = Block();
  var dot = Block();
  for (var c = lane; c < params.blocks; c += ROW_LANES) {
    let gradient = loadDOut(start + c) * loadWeight(c);
    sum += gradient;
    dot = fma(gradient, (loadX(start + c) - mean) * inverse, dot);
  }
  let gradientMean = rowSum(totalOf(sum), lane) / params.size;
  let dotMean = rowSum(totalOf(dot), lane) / params.size;
  for (var c = lane; c < params.blocks; c += ROW_LANES) {
    let gradient = loadDOut(start + c) * loadWeight(c);
    dX[start + c] = (gradient - gradientMean - (loadX(start + c) - mean) * inverse * dotMean) * inverse;
  }
}
