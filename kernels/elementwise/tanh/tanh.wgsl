// out = tanh(x); dX = dOut (1 - out^2). WGSL guarantees only three digits of its own tanh, so it is computed here: for |x| < 0.6 by
// Lambert's continued fraction x/(1 + x^2/(3 + x^2/(5 + x^2/(7 + x^2/9)))) (error 1e-9), beyond by 1 - 2/(exp(2|x|) + 1).
fn accurateTanh(value: vec4f) -> vec4f {
  let size = abs(value);
  let z = value * value;
  let small = value * ((z + 105.0) * z + 945.0) / ((15.0 * z + 420.0) * z + 945.0);
  let large = sign(value) * (1.0 - 2.0 / (exp(2.0 * min(size, vec4f(20.0))) + 1.0));
  return select(large, small, size < vec4f(0.6));
}

fn forward(i: u32) {
  if (i < params.vecs) { out[i] = accurateTanh(loadX(i)); }
}

fn backward(i: u32) {
  if (i >= params.vecs) { return; }
  let value = loadSavedOut(i);
  dX[i] = loadDOut(i) * (1.0 - value * value);
}
