// out[c] = sum_N x[n, c], in two levels: each workgroup along y sums its share of the rows into parts[y, c].
// x: N C; parts: P C. Called again on parts (N = P, P = 1) for the total. Rows are added in order.
struct Params { rows: u32, size: u32, parts: u32 }

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> parts: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let c = workgroup.x * WORKGROUP + lane;
  if (c >= params.size) { return; }
  let share = (params.rows + params.parts - 1u) / params.parts;
  let end = min(params.rows, (workgroup.y + 1u) * share);
  var sum = 0.0;
  for (var row = workgroup.y * share; row < end; row++) { sum += x[row * params.size + c]; }
  parts[workgroup.y * params.size + c] = sum;
}
