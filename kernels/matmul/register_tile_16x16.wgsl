// The tile of large products: 16 rows x 16 columns an invocation, 256 sums in registers, so that the loads (the dear part on a
// CPU driver) are few a multiply. Written out because the driver keeps indexed arrays in memory: loops were half as fast.
const TILE_ROWS: u32 = 16u;
const TILE_COLUMNS: u32 = 4u; // in vec4f

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = (workgroup.y * (WORKGROUP / LANES_N) + lane / LANES_N) * TILE_ROWS;
  let column = workgroup.x * LANES_N * TILE_COLUMNS + lane % LANES_N;
  if (row >= params.m) { return; }
  var s0_0 = vec4f(); var s0_1 = vec4f(); var s0_2 = vec4f(); var s0_3 = vec4f();
  var s1_0 = vec4f(); var s1_1 = vec4f(); var s1_2 = vec4f(); var s1_3 = vec4f();
  var s2_0 = vec4f(); var s2_1 = vec4f(); var s2_2 = vec4f(); var s2_3 = vec4f();
  var s3_0 = vec4f(); var s3_1 = vec4f(); var s3_2 = vec4f(); var s3_3 = vec4f();
  var s4_0 = vec4f(); var s4_1 = vec4f(); var s4_2 = vec4f(); var s4_3 = vec4f();
  var s5_0 = vec4f(); var s5_1 = vec4f(); var s5_2 = vec4f(); var s5_3 = vec4f();
  var s6_0 = vec4f(); var s6_1 = vec4f(); var s6_2 = vec4f(); var s6_3 = vec4f();
  var s7_0 = vec4f(); var s7_1 = vec4f(); var s7_2 = vec4f(); var s7_3 = vec4f();
  var s8_0 = vec4f(); var s8_1 = vec4f(); var s8_2 = vec4f(); var s8_3 = vec4f();
  var s9_0 = vec4f(); var s9_1 = vec4f(); var s9_2 = vec4f(); var s9_3 = vec4f();
  var s10_0 = vec4f(); var s10_1 = vec4f(); var s10_2 = vec4f(); var s10_3 = vec4f();
  var s11_0 = vec4f(); var s11_1 = vec4f(); var s11_2 = vec4f(); var s11_3 = vec4f();
  var s12_0 = vec4f(); var s12_1 = vec4f(); var s12_2 = vec4f(); var s12_3 = vec4f();
  var s13_0 = vec4f(); var s13_1 = vec4f(); var s13_2 = vec4f(); var s13_3 = vec4f();
  var s14_0 = vec4f(); var s14_1 = vec4f(); var s14_2 = vec4f(); var s14_3 = vec4f();
  var s15_0 = vec4f(); var s15_1 = vec4f(); var s15_2 = vec4f(); var s15_3 = vec4f();
  for (var k = 0u; k < params.k; k += 4u) {
    let a0 = rowsOfA(row + 0u, k);
    let a1 = rowsOfA(row + 4u, k);
    let a2 = rowsOfA(row + 8u, k);
    let a3 = rowsOfA(row + 12u, k);
    let b0 = rowsOfB(k, column + 0u * LANES_N);
    s0_0 = madd(s0_0, a0[0], b0); s1_0 = madd(s1_0, a0[1], b0); s2_0 = madd(s2_0, a0[2], b0); s3_0 = madd(s3_0, a0[3], b0);
    s4_0 = madd(s4_0, a1[0], b0); s5_0 = madd(s5_0, a1[1], b0); s6_0 = madd(s6_0, a1[2], b0); s7_0 = madd(s7_0, a1[3], b0);
    s8_0 = madd(s8_0, a2[0], b0); s9_0 = madd(s9_0, a2[1], b0); s10_0 = madd(s10_0, a2[2], b0); s11_0 = madd(s11_0, a2[3], b0);
    s12_0 = madd(s12_0, a3[0], b0); s13_0 = madd(s13_0, a3[1], b0); s14_0 = madd(s14_0, a3[2], b0); s15_0 = madd(s15_0, a3[3], b0);
    let b1 = rowsOfB(k, column + 1u * LANES_N);
    s0_1 = madd(s0_1, a0[0], b1); s1_1 = madd(s1_1, a0[1], b1); s2_1 = madd(s2_1, a0[2], b1); s3_1 = madd(s3_1, a0[3], b1);
    s4_1 = madd(s4_1, a1[0], b1); s5_1 = madd(s5_1, a1[1], b1); s6_1 = madd(s6_1, a1[2], b1); s7_1 = madd(s7_1, a1[3], b1);
    s8_1 = madd(s8_1, a2[0], b1); s9_1 = madd(s9_1, a2[1], b1); s10_1 = madd(s10_1, a2[2], b1); s11_1 = madd(s11_1, a2[3], b1);
    s12_1 = madd(s12_1, a3[0], b1); s13_1 = madd(s13_1, a3[1], b1); s14_1 = madd(s14_1, a3[2], b1); s15_1 = madd(s15_1, a3[3], b1);
    let b2 = rowsOfB(k, column + 2u * LANES_N);
    s0_2 = madd(s0_2, a0[0], b2); s1_2 = madd(s1_2, a0[1], b2); s2_2 = madd(s2_2, a0[2], b2); s3_2 = madd(s3_2, a0[3], b2);
    s4_2 = madd(s4_2, a1[0], b2); s5_2 = madd(s5_2, a1[1], b2); s6_2 = madd(s6_2, a1[2], b2); s7_2 = madd(s7_2, a1[3], b2);
    s8_2 = madd(s8_2, a2[0], b2); s9_2 = madd(s9_2, a2[1], b2); s10_2 = madd(s10_2, a2[2], b2); s11_2 = madd(s11_2, a2[3], b2);
    s12_2 = madd(s12_2, a3[0], b2); s13_2 = madd(s13_2, a3[1], b2); s14_2 = madd(s14_2, a3[2], b2); s15_2 = madd(s15_2, a3[3], b2);
    let b3 = rowsOfB(k, column + 3u * LANES_N);
    s0_3 = madd(s0_3, a0[0], b3); s1_3 = madd(s1_3, a0[1], b3); s2_3 = madd(s2_3, a0[2], b3); s3_3 = madd(s3_3, a0[3], b3);
    s4_3 = madd(s4_3, a1[0], b3); s5_3 = madd(s5_3, a1[1], b3); s6_3 = madd(s6_3, a1[2], b3); s7_3 = madd(s7_3, a1[3], b3);
    s8_3 = madd(s8_3, a2[0], b3); s9_3 = madd(s9_3, a2[1], b3); s10_3 = madd(s10_3, a2[2], b3); s11_3 = madd(s11_3, a2[3], b3);
    s12_3 = madd(s12_3, a3[0], b3); s13_3 = madd(s13_3, a3[1], b3); s14_3 = madd(s14_3, a3[2], b3); s15_3 = madd(s15_3, a3[3], b3);
  }
  let bias0 = biasOf(column);
  let bias1 = biasOf(column + 1u * LANES_N);
  let bias2 = biasOf(column + 2u * LANES_N);
  let bias3 = biasOf(column + 3u * LANES_N);
  store(row + 0u, column, s0_0 + bias0); store(row + 0u, column + 1u * LANES_N, s0_1 + bias1); store(row + 0u, column + 2u * LANES_N, s0_2 + bias2); store(row + 0u, column + 3u * LANES_N, s0_3 + bias3);
  store(row + 1u, column, s1_0 + bias0); store(row + 1u, column + 1u * LANES_N, s1_1 + bias1); store(row + 1u, column + 2u * LANES_N, s1_2 + bias2); store(row + 1u, column + 3u * LANES_N, s1_3 + bias3);
  store(row + 2u, column, s2_0 + bias0); store(row + 2u, column + 1u * LANES_N, s2_1 + bias1); store(row + 2u, column + 2u * LANES_N, s2_2 + bias2); store(row + 2u, column + 3u * LANES_N, s2_3 + bias3);
  store(row + 3u, column, s3_0 + bias0); store(row + 3u, column + 1u * LANES_N, s3_1 + bias1); store(row + 3u, column + 2u * LANES_N, s3_2 + bias2); store(row + 3u, column + 3u * LANES_N, s3_3 + bias3);
  store(row + 4u, column, s4_0 + bias0); store(row + 4u, column + 1u * LANES_N, s4_1 + bias1); store(row + 4u, column + 2u * LANES_N, s4_2 + bias2); store(row + 4u, column + 3u * LANES_N, s4_3 + bias3);
  store(row + 5u, column, s5_0 + bias0); store(row + 5u, column + 1u * LANES_N, s5_1 + bias1); store(row + 5u, column + 2u * LANES_N, s5_2 + bias2); store(row + 5u, column + 3u * LANES_N, s5_3 + bias3);
  store(row + 6u, column, s6_0 + bias0); store(row + 6u, column + 1u * LANES_N, s6_1 + bias1); store(row + 6u, column + 2u * LANES_N, s6_2 + bias2); store(row + 6u, column + 3u * LANES_N, s6_3 + bias3);
  store(row + 7u, column, s7_0 + bias0); store(row + 7u, column + 1u * LANES_N, s7_1 + bias1); store(row + 7u, column + 2u * LANES_N, s7_2 + bias2); store(row + 7u, column + 3u * LANES_N, s7_3 + bias3);
  store(row + 8u, column, s8_0 + bias0); store(row + 8u, column + 1u * LANES_N, s8_1 + bias1); store(row + 8u, column + 2u * LANES_N, s8_2 + bias2); store(row + 8u, column + 3u * LANES_N, s8_3 + bias3);
  store(row + 9u, column, s9_0 + bias0); store(row + 9u, column + 1u * LANES_N, s9_1 + bias1); store(row + 9u, column + 2u * LANES_N, s9_2 + bias2); store(row + 9u, column + 3u * LANES_N, s9_3 + bias3);
  store(row + 10u, column, s10_0 + bias0); store(row + 10u, column + 1u * LANES_N, s10_1 + bias1); store(row + 10u, column + 2u * LANES_N, s10_2 + bias2); store(row + 10u, column + 3u * LANES_N, s10_3 + bias3);
  store(row + 11u, column, s11_0 + bias0); store(row + 11u, column + 1u * LANES_N, s11_1 + bias1); store(row + 11u, column + 2u * LANES_N, s11_2 + bias2); store(row + 11u, column + 3u * LANES_N, s11_3 + bias3);
  store(row + 12u, column, s12_0 + bias0); store(row + 12u, column + 1u * LANES_N, s12_1 + bias1); store(row + 12u, column + 2u * LANES_N, s12_2 + bias2); store(row + 12u, column + 3u * LANES_N, s12_3 + bias3);
  store(row + 13u, column, s13_0 + bias0); store(row + 13u, column + 1u * LANES_N, s13_1 + bias1); store(row + 13u, column + 2u * LANES_N, s13_2 + bias2); store(row + 13u, column + 3u * LANES_N, s13_3 + bias3);
  store(row + 14u, column, s14_0 + bias0); store(row + 14u, column + 1u * LANES_N, s14_1 + bias1); store(row + 14u, column + 2u * LANES_N, s14_2 + bias2); store(row + 14u, column + 3u * LANES_N, s14_3 + bias3);
  store(row + 15u, column, s15_0 + bias0); store(row + 15u, column + 1u * LANES_N, s15_1 + bias1); store(row + 15u, column + 2u * LANES_N, s15_2 + bias2); store(row + 15u, column + 3u * LANES_N, s15_3 + bias3);
}
