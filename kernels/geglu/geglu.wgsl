// out = gelu(gate) up, gelu(g) = g s, s = 1 / (1 + exp(-2u)), u = sqrt(2 / pi) (g + 0.044715 g^3)   (Shazeer 2020, with
// the approximation of Hendrycks & Gimpel 2016). dUp = dOut gelu(gate); dGate = dOut up s (1 + g (1 - s) 2u').
// x, dX: N 2F, a row's F gates before its F ups; out, dOut: N F. `width` is F in blocks, of four numbers where F
// is a multiple of 4, of one otherwise. One invocation computes one block of out, or its two of dX.
struct Params { rows: u32, width: u32 }

const SQRT_2_OVER_PI = 0.7978845608;
const CUBIC = 0.044715;
const LIMIT = 9.9; // beyond it gelu is its argument or 0 to 36 digits

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> x: array<Block>;
@group(0) @binding(1) var<storage, read_write> out: array<Block>;
@group(0) @binding(2) var<storage, read> dOut: array<Block>;
@group(0) @binding(3) var<storage, read_write> dX: array<Block>;
@group(0) @binding(4) var<uniform> params: Params;

// exp(-2u), with the gate held where this is finite.
fn inverseOdds(gate: Block) -> Block {
  let held = max(gate, Block(-LIMIT));
  return exp(-2.0 * SQRT_2_OVER_PI * (held + CUBIC * held * held * held));
}

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.y * count.x + workgroup.x) * WORKGROUP + lane;
  let row = i / params.width;
  if (row >= params.rows) { return; }
  let at = i + row * params.width;
  let gate = x[at];
  out[i] = gate / (1.0 + inverseOdds(gate)) * x[at + params.width];
}

// 1 - s = exp(-2u) s loses no digits where s is near 1.
@compute @workgroup_size(WORKGROUP)
fn backward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.y * count.x + workgroup.x) * WORKGROUP + lane;
  let row = i / params.width;
  if (row >= params.rows) { return; }
  let at = i + row * params.width;
  let gate = x[at];
  let held = clamp(gate, Block(-LIMIT), Block(LIMIT));
  let odds = inverseOdds(held);
  let s = 1.0 / (1.0 + odds);
  let slope = 2.0 * SQRT_2_OVER_PI * (1.0 + 3.0 * CUBIC * held * held);
  let gradient = dOut[i];
  dX[at] = gradient * x[at + params.width] * s * (1.0 + held * (odds * s) * slope);
  dX[at + params.width] = gradient * gate * s;
}
