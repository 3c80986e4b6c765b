// What the products share: out = act(A' B' + bias) + residual, where A' is A or its transpose, and B' likewise.
// A: M K (K M if TRANSPOSE_A); B: K N (N K if TRANSPOSE_B); bias: N; residual, out: M N; any sizes. A dispatch sums K from `start` to
// `end`, in order and by fma; what lies past `end` counts as zero in A and in B, so that nothing infinite leaks in. Rows of A' and
// columns of B' past the edge are whatever memory holds, without a clamp, because they are not stored.
struct Params { m: u32, k: u32, n: u32, start: u32, end: u32, lanesAlongN: u32 }

override TRANSPOSE_A: bool = false;
override TRANSPOSE_B: bool = false;
// Whether the stored rows of A, of B, have a length that is a multiple of four; otherwise four numbers are parts of two vec4f.
override ALIGNED_A: bool = true;
override ALIGNED_B: bool = true;
// `end` is a multiple of four.
override WHOLE_K: bool = false;

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(5) var<uniform> params: Params;

// Four numbers from number i on.
fn fourOfA(i: u32) -> vec4f {
  if (ALIGNED_A) { return loadA(i / 4u); }
  return spliced(loadA(i / 4u), loadA(i / 4u + 1u), i % 4u);
}
fn fourOfB(i: u32) -> vec4f {
  if (ALIGNED_B) { return loadB(i / 4u); }
  return spliced(loadB(i / 4u), loadB(i / 4u + 1u), i % 4u);
}
fn spliced(low: vec4f, high: vec4f, shift: u32) -> vec4f {
  let isByTwo = shift >= 2u;
  let first = select(low, vec4f(low.zw, high.xy), isByTwo);
  return select(first, vec4f(first.yzw, select(high.x, high.z, isByTwo)), shift % 2u == 1u);
}

// Where four neighbouring rows of A' (columns of B') begin in memory; where they are stored across, their column, and that of B's first
// four rows. A and B are written differently because otherwise Mesa's compiler makes code that takes twice as long where A is transposed.
fn startsOfA(row: u32) -> vec4u {
  if (TRANSPOSE_A) { return vec4u(row); }
  return (vec4u(row) + vec4u(0u, 1u, 2u, 3u)) * params.k;
}
fn startsOfB(column: u32) -> vec4u {
  if (TRANSPOSE_B) { return (vec4u(column) + vec4u(0u, 1u, 2u, 3u)) * params.k; }
  return vec4u(column) + vec4u(0u, 1u, 2u, 3u) * params.n;
}

fn isBeforeEnd(k: u32) -> vec4<bool> { return vec4u(k, k + 1u, k + 2u, k + 3u) < vec4u(params.end); }

// Numbers k..k + 3 of one row of A' that is stored along K.
fn alongK(value: vec4f, k: u32) -> vec4f {
  if (WHOLE_K) { return value; }
  return select(vec4f(), value, isBeforeEnd(k));
}
// Rows k..k + 3 of either operand, as columns of the matrix.
fn acrossK(rows: mat4x4f, k: u32) -> mat4x4f {
  if (WHOLE_K) { return rows; }
  let isBefore = isBeforeEnd(k);
  return mat4x4f(
    select(vec4f(), rows[0], isBefore.x), select(vec4f(), rows[1], isBefore.y),
    select(vec4f(), rows[2], isBefore.z), select(vec4f(), rows[3], isBefore.w));
}

// Four rows of A': column i of the result is row i, its numbers k..k + 3. The transpose only renames registers.
fn blockOfA(starts: vec4u, k: u32) -> mat4x4f {
  var at = starts + k;
  if (TRANSPOSE_A) { at = starts + (vec4u(k) + vec4u(0u, 1u, 2u, 3u)) * params.m; }
  let stored = mat4x4f(fourOfA(at.x), fourOfA(at.y), fourOfA(at.z), fourOfA(at.w));
  if (TRANSPOSE_A) { return transpose(acrossK(stored, k)); }
  return mat4x4f(alongK(stored[0], k), alongK(stored[1], k), alongK(stored[2], k), alongK(stored[3], k));
}

// Four columns of B': column i of the result is row k + i.
fn blockOfB(starts: vec4u, k: u32) -> mat4x4f {
  let at = starts + select(k * params.n, k, TRANSPOSE_B);
  let stored = mat4x4f(fourOfB(at.x), fourOfB(at.y), fourOfB(at.z), fourOfB(at.w));
  if (TRANSPOSE_B) { return acrossK(transpose(stored), k); }
  return acrossK(stored, k);
}

