// out = x Phi(x), Phi the normal distribution function (Hendrycks & Gimpel 2016); dX = dOut (Phi(x) + x Phi'(x)).
// The exact form uses normal_cdf.wgsl; "tanh" uses Phi(x) ~ s of gelu_tanh.wgsl. Both texts come before this one.
fn forwardExact(i: u32) {
  if (i >= params.vecs) { return; }
  let value = loadX(i);
  out[i] = value * normalCdf(value, exp(-0.5 * value * value));
}

fn backwardExact(i: u32) {
  if (i >= params.vecs) { return; }
  let value = loadX(i);
  let bell = exp(-0.5 * value * value);
  dX[i] = loadDOut(i) * (normalCdf(value, bell) + value * bell * (0.5 * SQRT_2_OVER_PI));
}

fn forwardTanh(i: u32) {
  if (i >= params.vecs) { return; }
  let value = loadX(i);
  out[i] = value / (1.0 + inverseOdds(value));
}

fn backwardTanh(i: u32) {
  if (i >= params.vecs) { return; }
  let value = clamp(loadX(i), vec4f(-LIMIT), vec4f(LIMIT));
  let odds = inverseOdds(value);
  let s = 1.0 / (1.0 + odds);
  dX[i] = loadDOut(i) * s * (1.0 + value * (odds * s) * logOddsSlope(value));
}
