// out = A' B' (+ bias), A' = A or its transpose, B' likewise; no shared memory, no barriers: the product for CPU drivers.
// A: M K (K M if TRANSPOSE_A); B: K N (N K if TRANSPOSE_B); bias: N; out: M N, all vec4f along their last axis.
// Needs N % 4 = 0 and K % 4 = 0, or with TRANSPOSE_A only M % 4 = 0 and N % 4 = 0: K may then be odd.
// A workgroup is LANES_N invocations along N by WORKGROUP / LANES_N along M. Sums run along K in order, by fma.
struct Params { m: u32, k: u32, n: u32 }

override WORKGROUP: u32 = 8u;
override LANES_N: u32 = 8u;
override TRANSPOSE_A: bool = false;
override TRANSPOSE_B: bool = false;
override HAS_BIAS: bool = false;

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(4) var<uniform> params: Params;

// Rows row..row+3 of A', elements k..k+3: column i of the result is row row + i. Rows past M repeat the last; they are not stored.
fn rowsOfA(row: u32, k: u32) -> mat4x4f {
  if (TRANSPOSE_A) {
    let column = min(row, params.m - 4u) / 4u;
    return transpose(mat4x4f(rowOfA(k, column), rowOfA(k + 1u, column), rowOfA(k + 2u, column), rowOfA(k + 3u, column)));
  }
  let last = params.m - 1u;
  let stride = params.k / 4u;
  let at = k / 4u;
  return mat4x4f(
    loadA(min(row, last) * stride + at), loadA(min(row + 1u, last) * stride + at),
    loadA(min(row + 2u, last) * stride + at), loadA(min(row + 3u, last) * stride + at));
}

// Rows of A past K count as zero, whatever B holds there.
fn rowOfA(k: u32, column: u32) -> vec4f {
  return select(vec4f(), loadA(min(k, params.k - 1u) * (params.m / 4u) + column), k < params.k);
}

// Rows k..k+3 of B', columns 4 column..4 column + 3: column i of the result is row k + i.
fn rowsOfB(k: u32, column: u32) -> mat4x4f {
  let c = min(column, params.n / 4u - 1u);
  if (TRANSPOSE_B) {
    let stride = params.k / 4u;
    let at = k / 4u;
    return transpose(mat4x4f(
      loadB(4u * c * stride + at), loadB((4u * c + 1u) * stride + at), loadB((4u * c + 2u) * stride + at), loadB((4u * c + 3u) * stride + at)));
  }
  let stride = params.n / 4u;
  let last = params.k - 1u;
  return mat4x4f(
    loadB(min(k, last) * stride + c), loadB(min(k + 1u, last) * stride + c),
    loadB(min(k + 2u, last) * stride + c), loadB(min(k + 3u, last) * stride + c));
}

fn madd(sum: vec4f, x: vec4f, rows: mat4x4f) -> vec4f {
  return fma(vec4f(x.w), rows[3], fma(vec4f(x.z), rows[2], fma(vec4f(x.y), rows[1], fma(vec4f(x.x), rows[0], sum))));
}

fn store(row: u32, column: u32, sum: vec4f) {
  if (row >= params.m || column >= params.n / 4u) { return; }
  out[row * (params.n / 4u) + column] = sum;
}

fn biasOf(column: u32) -> vec4f {
  if (HAS_BIAS) { return loadBias(min(column, params.n / 4u - 1u)); }
  return vec4f();
}

