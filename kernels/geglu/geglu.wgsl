// out = gelu(gate) up, gelu(g) = g s, with s and u of gelu_tanh.wgsl, whose text comes before this one   (Shazeer 2020)
// dUp = dOut gelu(gate); dGate = dOut up s (1 + g (1 - s) 2u').
// x, dX: N 2F, a row's F gates before its F ups; out, dOut: N F. `width` is F in blocks, of four numbers where F
// is a multiple of 4, of one otherwise. One invocation computes one block of out, or its two of dX.
struct Params { rows: u32, width: u32 }

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> x: array<Block>;
@group(0) @binding(1) var<storage, read_write> out: array<Block>;
@group(0) @binding(2) var<storage, read> dOut: array<Block>;
@group(0) @binding(3) var<storage, read_write> dX: array<Block>;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.y * count.x + workgroup.x) * WORKGROUP + lane;
  let row = i / params.width;
  if (row >= params.rows) { return; }
  let at = i + row * params.width;
  let gate = x[at];
  out[i] = gate / (1.0 + inverseOdds(gate)) * x[at + params.width];
}

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
  let gradient = dOut[i];
  dX[at] = gradient * x[at + params.width] * s * (1.0 + held * (odds * s) * logOddsSlope(held));
  dX[at + params.width] = gradient * gate * s;
}
