// out = x Phi(x), Phi the normal distribution function (Hendrycks & Gimpel 2016); dX = dOut (Phi(x) + x Phi'(x)).
// Exact: by normal_cdf.wgsl; "tanh": Phi(x) ~ s of gelu_tanh.wgsl. Both texts come before this one.
// All bindings: any shape as vec4f; those past its end are padding. One invocation computes four numbers.
struct Params { vecs: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(2) var<storage, read> dOut: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dX: array<vec4f>;
@group(0) @binding(4) var<uniform> params: Params;

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
