// Scores have a bias for their offset, key - query. offsetBias: H O, O = 2T - 1, index key - query + T - 1; dDiagonals: B H, four
// queries, S + 7: the sums of dScores that backwardQuery makes over four queries t..t+3, for the offset w - 3 - t at index w.
@group(0) @binding(12) var<storage, read> offsetBias: array<f32>;
@group(0) @binding(13) var<storage, read_write> dDiagonals: array<f32>;

const HAS_DIAGONALS = true;

// The biases of four offsets from `first` on. Offsets beyond all tokens belong to no pair, so their values do not matter.
fn biasesFrom(first: i32, head: u32) -> vec4f {
  let last = i32(2u * params.queryTokens - 2u);
  let start = first + i32(params.queryTokens) - 1;
  let at = vec4u(clamp(vec4i(start, start + 1, start + 2, start + 3), vec4i(0), vec4i(last))) + head * u32(last + 1);
  return vec4f(loadOffsetBias(at.x), loadOffsetBias(at.y), loadOffsetBias(at.z), loadOffsetBias(at.w));
}

// Column key + j, component token + r: the offset is key - token + j - r.
fn withBias(scores: mat4x4f, key: u32, token: u32, head: u32) -> mat4x4f {
  let low = biasesFrom(i32(key) - i32(token) - 3, head);
  let high = biasesFrom(i32(key) - i32(token) + 1, head);
  return scores + mat4x4f(low.wzyx, vec4f(high.x, low.wzy), vec4f(high.yx, low.wz), vec4f(high.zyx, low.w));
}
// Column query + j, component key + r: the offset is key - query + r - j.
fn withBiasOfKeys(scores: mat4x4f, key: u32, query: u32, head: u32) -> mat4x4f {
  let low = biasesFrom(i32(key) - i32(query) - 3, head);
  let high = biasesFrom(i32(key) - i32(query) + 1, head);
  return scores + mat4x4f(vec4f(low.w, high.xyz), vec4f(low.zw, high.xy), vec4f(low.yzw, high.x), low);
}

// A block without queries past the end.
fn presentQueries(dScores: mat4x4f, token: u32) -> mat4x4f {
  let isThere = vec4u(token) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.queryTokens);
  return mat4x4f(
    select(vec4f(), dScores[0], isThere), select(vec4f(), dScores[1], isThere),
    select(vec4f(), dScores[2], isThere), select(vec4f(), dScores[3], isThere));
}
// Sums the seven diagonals of a block; its last three are the first of the next block.
fn keepDiagonals(dScores: mat4x4f, carry: vec3f, block: u32, token: u32, key: u32) -> vec3f {
  let d = presentQueries(dScores, token);
  let at = block * (params.keyTokens + 7u) + key;
  dDiagonals[at] = carry.x + d[0].w;
  dDiagonals[at + 1u] = carry.y + (d[0].z + d[1].w);
  dDiagonals[at + 2u] = carry.z + ((d[0].y + d[1].z) + d[2].w);
  dDiagonals[at + 3u] = (d[0].x + d[1].y) + (d[2].z + d[3].w);
  return carryOf(dScores, token);
}
fn carryOf(dScores: mat4x4f, token: u32) -> vec3f {
  let d = presentQueries(dScores, token);
  return vec3f((d[1].x + d[2].y) + d[3].z, d[2].x + d[3].y, d[3].x);
}
fn keepLastDiagonals(carry: vec3f, block: u32, key: u32) {
  let at = block * (params.keyTokens + 7u) + key;
  dDiagonals[at] = carry.x;
  dDiagonals[at + 1u] = carry.y;
  dDiagonals[at + 2u] = carry.z;
}
