// The product for CPU drivers: an invocation owns ROWS rows x 16 columns in registers, without workgroup memory or barriers. On CPUs a
// load costs as much as twenty multiplications of a vector, so a tile is as large as registers allow: each number of B is loaded once for
// 16 rows (once in all, in products of up to 8), each of A once for 16 columns.
// A workgroup is lanesAlongN invocations along N by the others along M.
override WORKGROUP: u32 = 8u;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let lanes = params.lanesAlongN;
  let row = (workgroup.y * (WORKGROUP / lanes) + lane / lanes) * ROWS;
  let stride = 4u * lanes;
  let column = workgroup.x * 4u * stride + lane % lanes * 4u;
  if (row >= params.m) { return; }
  let starts = stripStarts(row);
  let starts0 = startsOfB(column);
  let starts1 = startsOfB(column + stride);
  let starts2 = startsOfB(column + 2u * stride);
  let starts3 = startsOfB(column + 3u * stride);
  var s0: Strip; var s1: Strip; var s2: Strip; var s3: Strip;
  for (var k = params.start; k < params.end; k += 4u) {
    let x = stripOfA(starts, k);
    s0 = addProducts(s0, x, blockOfB(starts0, k));
    s1 = addProducts(s1, x, blockOfB(starts1, k));
    s2 = addProducts(s2, x, blockOfB(starts2, k));
    s3 = addProducts(s3, x, blockOfB(starts3, k));
  }
  // The strips, and their blocks, rotate: see storeBlock.
  for (var j = 0u; j < 4u; j++) {
    storeStrip(row, column + j * stride, s0);
    s0 = s1; s1 = s2; s2 = s3;
  }
}

fn storeStrip(row: u32, column: u32, sums: Strip) {
  let biases = biasesOf(column);
  if (ROWS == 1u) {
    store(row, column, sums.r0[0], biases);
    return;
  }
  var rest = sums;
  for (var i = 0u; i < ROWS; i += 4u) {
    storeBlock(row + i, column, rest.r0, biases);
    rest = Strip(rest.r1, rest.r2, rest.r3, rest.r0);
  }
}
