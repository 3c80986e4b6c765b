// The product for GPUs: a workgroup of 16 x 16 invocations owns a tile of TILE x TILE, each invocation (TILE / 16)^2 sums. Tiles of A'
// and B' pass through workgroup memory, 2048 / TILE along K at a time: 16 KiB, which every WebGPU device has, at either tile size.
//
// Loading: half of the invocations bring A', half B', each a block of four by four, by four vec4f loads along whichever axis is contiguous;
// where that is K, the block is transposed in registers, so that workgroup memory is written by whole vec4f in all layouts. Eight
// neighbouring invocations take eight neighbouring blocks across, and the next eight those further along K. A row stored across K is
// thus read by 128 bytes at once, one stored along K by 64 (TILE 128) or more, and no sector in part. The next tile is loaded before
// the products of the current one, which hide its latency.
// Bank conflicts: eight invocations write eight neighbouring vec4f, all 32 banks once. Reading, 32 invocations share two vec4f of A', which are
// broadcast, and 16 neighbouring ones of B'; to that end an invocation's columns (and rows) are two groups of four, 64 apart. No
// tile needs padding.
override TILE: u32 = 64u; // 64 or 128

const TILE_VECS: u32 = 512u;
var<workgroup> tileA: array<vec4f, TILE_VECS>; // [k][row / 4]
var<workgroup> tileB: array<vec4f, TILE_VECS>; // [k][column / 4]

fn addOuter(sums: mat4x4f, x: vec4f, y: vec4f) -> mat4x4f {
  return mat4x4f(fma(vec4f(x.x), y, sums[0]), fma(vec4f(x.y), y, sums[1]), fma(vec4f(x.z), y, sums[2]), fma(vec4f(x.w), y, sums[3]));
}

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) lane: u32) {
  let width = TILE / 4u;
  let depth = 2048u / TILE;
  let bringsA = lane < 128u;
  let across = lane % 8u + 8u * (lane % 128u / (2u * depth));
  let along = 4u * (lane / 8u % (depth / 4u));
  let at = along * width + across;
  let startsA = startsOfA(workgroup.y * TILE + 4u * across);
  let startsB = startsOfB(workgroup.x * TILE + 4u * across);

  var s00 = mat4x4f(); var s01 = mat4x4f(); var s10 = mat4x4f(); var s11 = mat4x4f();
  var next: mat4x4f;
  if (bringsA) { next = transpose(blockOfA(startsA, params.start + along)); } else { next = blockOfB(startsB, params.start + along); }
  for (var k = params.start; k < params.end; k += depth) {
    workgroupBarrier();
    if (bringsA) {
      tileA[at] = next[0]; tileA[at + width] = next[1]; tileA[at + 2u * width] = next[2]; tileA[at + 3u * width] = next[3];
    } else {
      tileB[at] = next[0]; tileB[at + width] = next[1]; tileB[at + 2u * width] = next[2]; tileB[at + 3u * width] = next[3];
    }
    workgroupBarrier();
    let further = k + depth + along;
    if (bringsA) { next = transpose(blockOfA(startsA, further)); } else { next = blockOfB(startsB, further); }
    for (var q = 0u; q < depth; q++) {
      let x0 = tileA[q * width + local.y];
      let y0 = tileB[q * width + local.x];
      s00 = addOuter(s00, x0, y0);
      if (TILE > 64u) {
        let x1 = tileA[q * width + 16u + local.y];
        let y1 = tileB[q * width + 16u + local.x];
        s01 = addOuter(s01, x0, y1); s10 = addOuter(s10, x1, y0); s11 = addOuter(s11, x1, y1);
      }
    }
  }
  let row = workgroup.y * TILE + 4u * local.y;
  let column = workgroup.x * TILE + 4u * local.x;
  let biases0 = biasesOf(column);
  storeBlock(row, column, s00, biases0);
  if (TILE > 64u) {
    let biases1 = biasesOf(column + 64u);
    storeBlock(row, column + 64u, s01, biases1);
    storeBlock(row + 64u, column, s10, biases0);
    storeBlock(row + 64u, column + 64u, s11, biases1);
  }
}
