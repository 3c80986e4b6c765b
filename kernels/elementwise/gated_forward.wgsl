// activation(g) = g s with s = 1 / (1 + inverseOdds(g)), a sigmoid.
fn forward(i: u32) {
  let row = i / params.width;
  if (row >= params.rows) { return; }
  let at = i + row * params.width;
  let gate = loadX(at);
  out[i] = gate / (1.0 + inverseOdds(gate)) * loadX(at + params.width);
}

