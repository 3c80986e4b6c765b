// The normal distribution function: Phi(-|x|) = exp(-x^2 / 2) t P(t), t = 1 / (1 + 0.35 |x|), because WGSL has no erf. P is our minimax
// fit of degree 8 for |x| < 13.5, with a relative error of 3.2e-8, so that the left tail keeps its digits too.
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

