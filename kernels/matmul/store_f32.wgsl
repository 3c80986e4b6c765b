// Stores where N is not a multiple of 4. Numbers rotate, because a component picked by a loop would live in memory.
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

fn store(row: u32, column: u32, sum: vec4f, biases: vec4f) {
  if (row >= params.m) { return; }
  let at = row * params.n + column;
  let count = min(max(params.n, column) - column, 4u);
  var value = sum;
  if (IS_SPLIT && params.start > 0u) {
    for (var i = 0u; i < 4u; i++) {
      if (i < count) { value.x += out[at + i]; }
      value = value.yzwx;
    }
  }
  if (!IS_SPLIT || params.end == params.k) {
    var residuals = vec4f();
    if (HAS_RESIDUAL) { residuals = spliced(loadResidual(at / 4u), loadResidual(at / 4u + 1u), at % 4u); }
    value = finished(value, biases, residuals);
  }
  for (var i = 0u; i < 4u; i++) {
    if (i < count) { out[at + i] = value.x; }
    value = value.yzwx;
  }
}

