// out = gelu(gate) up, gelu(g) = g s, with s and u of gelu_tanh.wgsl                                (Shazeer 2020)
// dUp = dOut gelu(gate); dGate = dOut up s (1 + g (1 - s) 2u').
fn backward(i: u32) {
  let row = i / params.width;
  if (row >= params.rows) { return; }
  let at = i + row * params.width;
  let gate = loadX(at);
  let held = clamp(gate, Block(-LIMIT), Block(LIMIT));
  let odds = inverseOdds(held);
  let s = 1.0 / (1.0 + odds);
  let gradient = loadDOut(i);
  dX[at] = gradient * loadX(at + params.width) * s * (1.0 + held * (odds * s) * logOddsSlope(held));
  dX[at + params.width] = gradient * gate * s;
}
