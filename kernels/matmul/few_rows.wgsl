// The product of up to 8 rows on GPUs, as in decoding, where only the single read of B matters. A workgroup owns 64 columns; its 16 x 16
// invocations are 16 groups of four columns by 16 parts of K, each four numbers of every 64, so that short products fill a GPU too.
// Neighbouring invocations walk the axis along which B is contiguous: 256 bytes at once. The parts' sums are added in order.
var<workgroup> partials: array<vec4f, 256>; // [part][four columns]

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let part = select(lane / 16u, lane % 16u, TRANSPOSE_B);
  let across = select(lane % 16u, lane / 16u, TRANSPOSE_B);
  let row = workgroup.y * ROWS;
  let column = workgroup.x * 64u + 4u * across;
  let startsA = stripStarts(row);
  let startsB = startsOfB(column);
  var sums: Strip;
  for (var k = params.start + 4u * part; k < params.end; k += 64u) {
    sums = addProducts(sums, stripOfA(startsA, k), blockOfB(startsB, k));
  }
  let at = part * 16u + across;
  for (var i = 0u; i < ROWS; i++) {
    finishRow(row + i, column, sums.r0[0], at, i);
    sums.r0 = mat4x4f(sums.r0[1], sums.r0[2], sums.r0[3], sums.r0[0]);
    if (i == 3u) { sums.r0 = sums.r1; }
  }
}

// The invocations of one part add up a row and store it.
fn finishRow(row: u32, column: u32, partial: vec4f, at: u32, part: u32) {
  workgroupBarrier();
  partials[at] = partial;
  workgroupBarrier();
  if (at / 16u != part) { return; }
  var sum = vec4f();
  for (var i = 0u; i < 16u; i++) { sum += partials[16u * i + at % 16u]; }
  store(row, column, sum, biasesOf(column));
}
