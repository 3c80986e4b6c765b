// out = gelu(gate) up, gelu(g) = g s, with s and u of gelu_tanh.wgsl, whose text comes before this one   (Shazeer 2020)
// dUp = dOut gelu(gate); dGate = dOut up s (1 + g (1 - s) 2u').
// x, dX: N 2F, a row's F gates before its F ups; out, dOut: N F. `width` is F in blocks, of four numbers where F
// is a multiple of 4, of one otherwise. One invocation computes one block of out, or its two of dX.
struct Params { rows: u32, width: u32 }

@group(0) @binding(0) var<storage, read> x: array<Block>;
@group(0) @binding(1) var<storage, read_write> out: array<Block>;
@group(0) @binding(2) var<storage, read> dOut: array<Block>;
@group(0) @binding(3) var<storage, read_write> dX: array<Block>;
@group(0) @binding(4) var<uniform> params: Params;

fn forward(i: u32) {
  let row = i / params.width;
  if (row >= params.rows) { return; }
  let at = i + row * params.width;
  let gate = loadX(at);
  out[i] = gate / (1.0 + inverseOdds(gate)) * loadX(at + params.width);
}

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
