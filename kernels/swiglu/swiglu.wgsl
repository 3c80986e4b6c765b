// out = silu(gate) up, silu(g) = g sigmoid(g) = g / (1 + exp(-g))                                   (Shazeer 2020)
// dUp = dOut silu(gate); dGate = dOut up (s + silu(gate) (1 - s)), s = sigmoid(gate).
// x, dX: N 2F, a row's F gates before its F ups; out, dOut: N F. `width` is F in blocks, of four numbers where F
// is a multiple of 4, of one otherwise. One invocation computes one block of out, or its two of dX.
struct Params { rows: u32, width: u32 }

@group(0) @binding(0) var<storage, read> x: array<Block>;
@group(0) @binding(1) var<storage, read_write> out: array<Block>;
@group(0) @binding(2) var<storage, read> dOut: array<Block>;
@group(0) @binding(3) var<storage, read_write> dX: array<Block>;
@group(0) @binding(4) var<uniform> params: Params;

// exp(-gate), held finite: at -80 and below, the sigmoid is 0 to 34 digits.
fn inverseOdds(gate: Block) -> Block { return exp(-max(gate, Block(-80.0))); }

fn forward(i: u32) {
  let row = i / params.width;
  if (row >= params.rows) { return; }
  let at = i + row * params.width;
  let gate = loadX(at);
  out[i] = gate / (1.0 + inverseOdds(gate)) * loadX(at + params.width);
}

// 1 - s = exp(-gate) s loses no digits where s is near 1.
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
