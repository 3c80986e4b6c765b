// out = silu(gate) up, silu(g) = g sigmoid(g) = g / (1 + exp(-g))                                   (Shazeer 2020)
// dUp = dOut silu(gate); dGate = dOut up (s + silu(gate) (1 - s)), s = sigmoid(gate).
// x, dX: N 2F, a row's F gates before its F ups; out, dOut: N F. `width` is F in blocks, of four numbers where F
// is a multiple of 4, of one otherwise. One invocation computes one block of out, or its two of dX.
struct Params { rows: u32, width: u32 }

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> x: array<Block>;
@group(0) @binding(1) var<storage, read_write> out: array<Block>;
@group(0) @binding(2) var<storage, read> dOut: array<Block>;
@group(0) @binding(3) var<storage, read_write> dX: array<Block>;
@group(0) @binding(4) var<uniform> params: Params;

// exp(-gate), held finite: at -80 and below, the sigmoid is 0 to 34 digits.
fn inverseOdds(gate: Block) -> Block { return exp(-max(gate, Block(-80.0))); }

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.y * count.x + workgroup.x) * WORKGROUP + lane;
  let row = i / params.width;
  if (row >= params.rows) { return; }
  let at = i + row * params.width;
  let gate = x[at];
  out[i] = gate / (1.0 + inverseOdds(gate)) * x[at + params.width];
}

// 1 - s = exp(-gate) s loses no digits where s is near 1.
@compute @workgroup_size(WORKGROUP)
fn backward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.y * count.x + workgroup.x) * WORKGROUP + lane;
  let row = i / params.width;
  if (row >= params.rows) { return; }
  let at = i + row * params.width;
  let gate = x[at];
  let odds = inverseOdds(gate);
  let s = 1.0 / (1.0 + odds);
  let gradient = dOut[i];
  dX[at] = gradient * x[at + params.width] * (s + gate * s * (odds * s));
  dX[at + params.width] = gradient * gate * s;
}
