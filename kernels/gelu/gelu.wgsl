// out = x Phi(x), Phi the normal distribution function (Hendrycks & Gimpel 2016); dX = dOut (Phi(x) + x Phi'(x)).
// Exact: Phi(-|x|) = exp(-x^2 / 2) t P(t), t = 1 / (1 + 0.35 |x|): WGSL has no erf. P is our minimax fit of degree 8
// for |x| < 13.5, off by 3.2e-8 of the value, so that the left tail keeps its digits too.
// "tanh": Phi(x) ~ s of gelu_tanh.wgsl, whose text comes before this one.
// All bindings: any shape as vec4f; those past its end are padding. One invocation computes four numbers.
struct Params { vecs: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(2) var<storage, read> dOut: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dX: array<vec4f>;
@group(0) @binding(4) var<uniform> params: Params;

// Phi(value), given exp(-value^2 / 2).
fn normalCdf(value: vec4f, bell: vec4f) -> vec4f {
  let t = 1.0 / (1.0 + 0.35 * abs(value));
  var p = vec4f(-0.0291258704);
  p = fma(p, t, vec4f(0.14387226));
  p = fma(p, t, vec4f(-0.255504614));
  p = fma(p, t, vec4f(0.158929348));
  p = fma(p, t, vec4f(-0.0229371779));
  p = fma(p, t, vec4f(0.105432954));
  p = fma(p, t, vec4f(0.119852433));
  p = fma(p, t, vec4f(0.139859083));
  p = fma(p, t, vec4f(0.13962157));
  let tail = bell * t * p;
  return select(1.0 - tail, tail, value < vec4f(0.0));
}

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
