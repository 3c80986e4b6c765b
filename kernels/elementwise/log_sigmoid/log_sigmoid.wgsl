// out = log sigmoid(x) = min(x, 0) - log(1 + exp(-|x|)), which cannot overflow; dX = dOut sigmoid(-x). With e = exp(-|x|) in (0, 1],
// log(1 + e) = 2 atanh(z), z = e / (2 + e) <= 1/3, by its series to z^13: WGSL's own log has an absolute error near 1, and log(1 + e)
// is as small as e.
fn log1pExp(size: vec4f) -> vec4f {
  let e = exp(-size);
  let z = e / (2.0 + e);
  let s = z * z;
  let tail = 1.0 / 5.0 + s * (1.0 / 7.0 + s * (1.0 / 9.0 + s * (1.0 / 11.0 + s * (1.0 / 13.0))));
  return 2.0 * z * (1.0 + s * (1.0 / 3.0 + s * tail));
}

fn forward(i: u32) {
  if (i < params.vecs) { out[i] = min(loadX(i), vec4f()) - log1pExp(abs(loadX(i))); }
}

fn backward(i: u32) {
  if (i >= params.vecs) { return; }
  let e = exp(-abs(loadX(i)));
  dX[i] = loadDOut(i) * select(vec4f(1.0), e, loadX(i) > vec4f()) / (1.0 + e);
}
