// out = max(x, 0); dX = dOut where x > 0, else 0.
fn forward(i: u32) {
  if (i < params.vecs) { out[i] = max(loadX(i), vec4f()); }
}

fn backward(i: u32) {
  if (i < params.vecs) { dX[i] = select(vec4f(), loadDOut(i), loadX(i) > vec4f()); }
}
