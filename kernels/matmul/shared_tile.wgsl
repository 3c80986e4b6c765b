// out = A' B' (+ bias) for any sizes: the product for GPUs, and on CPU drivers for sizes that vec4f loads cannot serve.
// A: M K (K M if TRANSPOSE_A); B: K N (N K if TRANSPOSE_B); bias: N; out: M N.
// A workgroup of 8 x 8 invocations owns a 64 x 64 tile of out, 8 x 8 sums each; tiles of A and B pass through workgroup memory,
// 16 along K at a time, zeros past the edges. Sums run along K in order, by fma. A dispatch sums K from `start` to `end`, and
// beyond the first adds to what out holds: a CPU driver ends loops that last too long.
struct Params { m: u32, k: u32, n: u32, start: u32, end: u32 }

override TRANSPOSE_A: bool = false;
override TRANSPOSE_B: bool = false;
override HAS_BIAS: bool = false;

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

const TILE: u32 = 64u;
const DEPTH: u32 = 16u;
var<workgroup> tileA: array<vec4f, 256>; // [k][row / 4]
var<workgroup> tileB: array<vec4f, 256>; // [k][column / 4]

fn elementOfA(row: u32, k: u32) -> f32 {
  if (row >= params.m || k >= params.end) { return 0.0; }
  return a[select(row * params.k + k, k * params.m + row, TRANSPOSE_A)];
}

fn elementOfB(k: u32, column: u32) -> f32 {
  if (k >= params.end || column >= params.n) { return 0.0; }
  return b[select(k * params.n + column, column * params.k + k, TRANSPOSE_B)];
}

fn store(row: u32, column: u32, sum: vec4f) {
  if (row >= params.m) { return; }
  for (var i = 0u; i < 4u; i++) {
    if (column + i < params.n) {
      var value = sum[i];
      let at = row * params.n + column + i;
      if (params.start > 0u) { value += out[at]; } else if (HAS_BIAS) { value += bias[column + i]; }
      out[at] = value;
    }
  }
}

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = workgroup.y * TILE;
  let column = workgroup.x * TILE;
  var s00 = vec4f(); var s01 = vec4f(); var s10 = vec4f(); var s11 = vec4f();
  var s20 = vec4f(); var s21 = vec4f(); var s30 = vec4f(); var s31 = vec4f();
  var s40 = vec4f(); var s41 = vec4f(); var s50 = vec4f(); var s51 = vec4f();
  var s60 = vec4f(); var s61 = vec4f(); var s70 = vec4f(); var s71 = vec4f();
  for (var k = params.start; k < params.end; k += DEPTH) {
    workgroupBarrier();
    for (var i = lane; i < 256u; i += 64u) {
      let depth = k + i / 16u;
      let r = row + 4u * (i % 16u);
      let c = column + 4u * (i % 16u);
      tileA[i] = vec4f(elementOfA(r, depth), elementOfA(r + 1u, depth), elementOfA(r + 2u, depth), elementOfA(r + 3u, depth));
      tileB[i] = vec4f(elementOfB(depth, c), elementOfB(depth, c + 1u), elementOfB(depth, c + 2u), elementOfB(depth, c + 3u));
    }
    workgroupBarrier();
    for (var q = 0u; q < DEPTH; q++) {
      let a0 = tileA[q * 16u + 2u * local.y]; let a1 = tileA[q * 16u + 2u * local.y + 1u];
      let b0 = tileB[q * 16u + local.x]; let b1 = tileB[q * 16u + local.x + 8u];
      s00 = fma(vec4f(a0.x), b0, s00); s01 = fma(vec4f(a0.x), b1, s01);
      s10 = fma(vec4f(a0.y), b0, s10); s11 = fma(vec4f(a0.y), b1, s11);
      s20 = fma(vec4f(a0.z), b0, s20); s21 = fma(vec4f(a0.z), b1, s21);
      s30 = fma(vec4f(a0.w), b0, s30); s31 = fma(vec4f(a0.w), b1, s31);
      s40 = fma(vec4f(a1.x), b0, s40); s41 = fma(vec4f(a1.x), b1, s41);
      s50 = fma(vec4f(a1.y), b0, s50); s51 = fma(vec4f(a1.y), b1, s51);
      s60 = fma(vec4f(a1.z), b0, s60); s61 = fma(vec4f(a1.z), b1, s61);
      s70 = fma(vec4f(a1.w), b0, s70); s71 = fma(vec4f(a1.w), b1, s71);
    }
  }
  let r = row + 8u * local.y;
  let c = column + 4u * local.x;
  store(r, c, s00); store(r, c + 32u, s01); store(r + 1u, c, s10); store(r + 1u, c + 32u, s11);
  store(r + 2u, c, s20); store(r + 2u, c + 32u, s21); store(r + 3u, c, s30); store(r + 3u, c + 32u, s31);
  store(r + 4u, c, s40); store(r + 4u, c + 32u, s41); store(r + 5u, c, s50); store(r + 5u, c + 32u, s51);
  store(r + 6u, c, s60); store(r + 6u, c + 32u, s61); store(r + 7u, c, s70); store(r + 7u, c + 32u, s71);
}
