// Stores where N is a multiple of 4.
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>;

fn store(row: u32, column: u32, sum: vec4f, biases: vec4f) {
  if (row >= params.m || column >= params.n) { return; }
  let at = (row * params.n + column) / 4u;
  var value = sum;
  if (IS_SPLIT && params.start > 0u) { value += out[at]; }
  if (!IS_SPLIT || params.end == params.k) {
    var residuals = vec4f();
    if (HAS_RESIDUAL) { residuals = loadResidual(at); }
    value = finished(value, biases, residuals);
  }
  out[at] = value;
}

