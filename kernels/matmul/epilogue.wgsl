// How a sum is finished: act(sum + bias) + residual. Biases are loaded once for four columns, before their rows are stored, because a load
// costs as much as many products. gelu_tanh.wgsl and normal_cdf.wgsl come before this text; ACTIVATION is an index into ACTIVATIONS of matmul.ts.
override HAS_BIAS: bool = false;
override HAS_RESIDUAL: bool = false;
override ACTIVATION: u32 = 0u;
// K may be summed by several dispatches: those after the first add to what out holds, and the last one finishes.
override IS_SPLIT: bool = false;

@group(0) @binding(2) var<storage, read> bias: array<vec4f>;
@group(0) @binding(3) var<storage, read> residual: array<vec4f>;

fn biasesOf(column: u32) -> vec4f {
  if (HAS_BIAS) { return loadBias(column / 4u); }
  return vec4f();
}

fn activated(x: vec4f) -> vec4f {
  if (ACTIVATION == 1u) { return x / (1.0 + inverseOdds(x)); }
  if (ACTIVATION == 2u) { return x * normalCdf(x, exp(-0.5 * x * x)); }
  if (ACTIVATION == 3u) { return max(x, vec4f()); }
  return x;
}

fn finished(sum: vec4f, biases: vec4f, residuals: vec4f) -> vec4f {
  if (HAS_RESIDUAL) { return activated(sum + biases) + residuals; }
  return activated(sum + biases);
}

// Four rows of a tile. They rotate in a loop, so that the text above is compiled once per loop instead of once per row.
fn storeBlock(row: u32, column: u32, sums: mat4x4f, biases: vec4f) {
  var rest = sums;
  for (var i = 0u; i < 4u; i++) {
    store(row + i, column, rest[0], biases);
    rest = mat4x4f(rest[1], rest[2], rest[3], rest[0]);
  }
}

