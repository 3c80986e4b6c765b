// out = silu(gate) up, silu(g) = g s, s = sigmoid(g) = 1 / (1 + exp(-g))                            (Shazeer 2020)
// dUp = dOut silu(gate); dGate = dOut up (s + silu(gate) (1 - s)), where 1 - s = exp(-gate) s loses no digits where s is near 1.
fn backward(i: u32) {
  let row = i / params.width;
  if (row >= params.rows) { return; }
  let at = i + row * params.width;
  let gate = loadX(at);
  let odds = inverseOdds(gate);
  let s = 1.0 / (1.0 + odds);
  let gradient = loadDOut(i);
  dX[at] = gradient * loadX(at + params.width) * (s + gate * s * (odds * s));
  dX[at + params.width] = gradient * gate * s;
}
