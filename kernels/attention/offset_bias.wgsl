// Scores have a bias of their offset, key - query. offsetBias: H O, O = 2T - 1, index key - query + T - 1; dDiagonals: B H, four
// queries, S + 7: what backwardQuery sums of dScores over four queries t..t+3, for the offset w - 3 - t at index w.
@group(0) @binding(12) var<storage, read> offsetBias: array<f32>;
@group(0) @binding(13) var<storage, read_write> dDiagonals: array<f32>;

// The bias of offset first + i at element i, of seven; offsets beyond all tokens belong to no pair, whatever they are given.
struct Offsets { low: vec4f, high: vec4f }
fn offsetsFrom(first: i32, head: u32) -> Offsets {
  let last = i32(2u * params.queryTokens - 2u);
  let row = i32(head * (2u * params.queryTokens - 1u));
  let start = first + i32(params.queryTokens) - 1;
  let a = row + clamp(vec4i(start) + vec4i(0, 1, 2, 3), vec4i(0), vec4i(last));
  let b = row + clamp(vec4i(start) + vec4i(4, 5, 6, 6), vec4i(0), vec4i(last));
  return Offsets(vec4f(offsetBias[a.x], offsetBias[a.y], offsetBias[a.z], offsetBias[a.w]),
    vec4f(offsetBias[b.x], offsetBias[b.y], offsetBias[b.z], offsetBias[b.w]));
}

// Column key + j, component token + r.
fn withBias(scores: mat4x4f, key: u32, token: u32, head: u32) -> mat4x4f {
  let o = offsetsFrom(i32(key) - i32(token) - 3, head);
  return scores + mat4x4f(o.low.wzyx, vec4f(o.high.x, o.low.wzy), vec4f(o.high.yx, o.low.wz), vec4f(o.high.zyx, o.low.w));
}
// Column query + j, component key + r.
fn withBiasOfKeys(scores: mat4x4f, key: u32, query: u32, head: u32) -> mat4x4f {
  let o = offsetsFrom(i32(key) - i32(query) - 3, head);
  return scores + mat4x4f(vec4f(o.low.w, o.high.xyz), vec4f(o.low.zw, o.high.xy), vec4f(o.low.yzw, o.high.x), o.low);
}

// Sums the seven diagonals of a block, without queries past the end; its last three are the next block's first.
fn keepDiagonals(dScores: mat4x4f, carry: vec3f, block: u32, token: u32, key: u32) -> vec3f {
  let isThere = vec4u(token) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.queryTokens);
  var d: mat4x4f;
  for (var j = 0u; j < 4u; j++) { d[j] = select(vec4f(), dScores[j], isThere); }
  let at = block * (params.keyTokens + 7u) + key;
  dDiagonals[at] = carry.x + d[0].w;
  dDiagonals[at + 1u] = carry.y + (d[0].z + d[1].w);
  dDiagonals[at + 2u] = carry.z + ((d[0].y + d[1].z) + d[2].w);
  dDiagonals[at + 3u] = (d[0].x + d[1].y) + (d[2].z + d[3].w);
  return vec3f((d[1].x + d[2].y) + d[3].z, d[2].x + d[3].y, d[3].x);
}
fn keepLastDiagonals(carry: vec3f, block: u32, key: u32) {
  let at = block * (params.keyTokens + 7u) + key;
  dDiagonals[at] = carry.x;
  dDiagonals[at + 1u] = carry.y;
  dDiagonals[at + 2u] = carry.z;
}
