// The tile of products with few rows (decoding) or few columns: 4 rows x 4 columns an invocation.
const TILE_ROWS: u32 = 4u;
const TILE_COLUMNS: u32 = 1u; // in vec4f

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = (workgroup.y * (WORKGROUP / LANES_N) + lane / LANES_N) * TILE_ROWS;
  let column = workgroup.x * LANES_N * TILE_COLUMNS + lane % LANES_N;
  if (row >= params.m) { return; }
  var s0_0 = vec4f();
  var s1_0 = vec4f();
  var s2_0 = vec4f();
  var s3_0 = vec4f();
  for (var k = 0u; k < params.k; k += 4u) {
    let a0 = rowsOfA(row + 0u, k);
    let b0 = rowsOfB(k, column);
    s0_0 = madd(s0_0, a0[0], b0); s1_0 = madd(s1_0, a0[1], b0); s2_0 = madd(s2_0, a0[2], b0); s3_0 = madd(s3_0, a0[3], b0);
  }
  let bias0 = biasOf(column);
  store(row + 0u, column, s0_0 + bias0);
  store(row + 1u, column, s1_0 + bias0);
  store(row + 2u, column, s2_0 + bias0);
  store(row + 3u, column, s3_0 + bias0);
}
