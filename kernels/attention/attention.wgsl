// Attention, softmax(scale q kᵀ + bias + mask) v, without keeping scores: forward by online softmax (Milakov & Gimelshein 2018; Dao et
// al. 2022), backward by recomputing them from logSumExp. One fragment after this text gives the mask, another the bias.
// queries: B T with H D numbers per token; keyValues: B S with Hkv D numbers of keys and of values. Both may be parts of one packed
// tensor; the params give the length of its rows and where its parts begin, in vec4s. dQueries, dKeyValues: likewise. spans: B 2 (first key and
// end of each row, the rest is padding); out, dOut: B T H D; logSumExp, delta: B H T.
// An invocation owns four queries (forward, backwardQuery) or four keys (backwardKeyValue), and 32 of their dimensions in eight
// matrices: column d, component row. Blocks of four keys (queries) are walked in order, so every sum has one order. A head wider
// than 32 takes several workgroups, each of which recomputes the scores, because arrays sized by the head would live in memory. So would
// matrices with a column picked by a loop, which a CPU driver never frees; therefore columns are written out.
struct Params {
  queryTokens: u32, keyTokens: u32, heads: u32, kvHeads: u32, headVecs: u32, scale: f32, headOfGroup: u32,
  queryStride: u32, keyStride: u32, keyOffset: u32, valueOffset: u32,
}

override WORKGROUP: u32 = 32u;

@group(0) @binding(0) var<storage, read> queries: array<vec4f>;
@group(0) @binding(1) var<storage, read> keyValues: array<vec4f>;
@group(0) @binding(2) var<storage, read> spans: array<vec2u>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> logSumExp: array<f32>;
@group(0) @binding(5) var<storage, read> savedOut: array<vec4f>;
@group(0) @binding(6) var<storage, read> savedLogSumExp: array<f32>;
@group(0) @binding(7) var<storage, read> dOut: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> delta: array<f32>;
@group(0) @binding(9) var<storage, read> savedDelta: array<f32>;
@group(0) @binding(10) var<storage, read_write> dQueries: array<vec4f>;
@group(0) @binding(11) var<storage, read_write> dKeyValues: array<vec4f>;
@group(0) @binding(20) var<uniform> params: Params;

// Below any score, and finite; exp of a difference to it is 0.
const MASKED = -1e30;
const CHUNK_VECS = 8u; // the head's dimensions in an invocation's matrices

fn queryAt(batch: u32, token: u32, head: u32) -> u32 { return (batch * params.queryTokens + token) * params.queryStride + head * params.headVecs; }
fn keyAt(batch: u32, token: u32, kvHead: u32) -> u32 {
  return (batch * params.keyTokens + token) * params.keyStride + params.keyOffset + kvHead * params.headVecs;
}
fn valueAt(batch: u32, token: u32, kvHead: u32) -> u32 { return keyAt(batch, token, kvHead) + (params.valueOffset - params.keyOffset); }
fn outAt(batch: u32, token: u32, head: u32) -> u32 { return ((batch * params.queryTokens + token) * params.heads + head) * params.headVecs; }

// Where each of four neighbouring tokens of a tensor begins. Past the end the last token repeats, and is masked or not stored.
fn four(token: u32, count: u32) -> vec4u { return min(vec4u(token, token + 1u, token + 2u, token + 3u), vec4u(count - 1u)); }
fn queryRowsAt(first: u32, token: u32) -> vec4u { return vec4u(first) + params.queryStride * four(token, params.queryTokens); }
fn keyRowsAt(first: u32, token: u32) -> vec4u { return vec4u(first) + params.keyStride * four(token, params.keyTokens); }
fn outRowsAt(first: u32, token: u32) -> vec4u { return vec4u(first) + params.heads * params.headVecs * four(token, params.queryTokens); }

// Column r is dimensions 4i..4i+3 of row r; past the head's width the last four repeat and are not stored.
fn queryRowsOf(rows: vec4u, i: u32) -> mat4x4f {
  let at = rows + min(i, params.headVecs - 1u);
  return mat4x4f(loadQueries(at.x), loadQueries(at.y), loadQueries(at.z), loadQueries(at.w));
}
fn keyRowsOf(rows: vec4u, i: u32) -> mat4x4f {
  let at = rows + min(i, params.headVecs - 1u);
  return mat4x4f(loadKeyValues(at.x), loadKeyValues(at.y), loadKeyValues(at.z), loadKeyValues(at.w));
}
fn dOutRows(rows: vec4u, i: u32) -> mat4x4f {
  let at = rows + min(i, params.headVecs - 1u);
  return mat4x4f(loadDOut(at.x), loadDOut(at.y), loadDOut(at.z), loadDOut(at.w));
}
fn savedOutRows(rows: vec4u, i: u32) -> mat4x4f {
  return mat4x4f(loadSavedOut(rows.x + i), loadSavedOut(rows.y + i), loadSavedOut(rows.z + i), loadSavedOut(rows.w + i));
}

fn blocksOf(tokens: u32) -> u32 { return (tokens + 3u) / 4u; }
fn scaleRows(m: mat4x4f, factor: vec4f) -> mat4x4f { return mat4x4f(m[0] * factor, m[1] * factor, m[2] * factor, m[3] * factor); }
fn ofRow(m: mat4x4f, r: u32) -> vec4f { return vec4f(m[0][r], m[1][r], m[2][r], m[3][r]); }

// Products of four queries and four keys over the whole head: columns are keys, components queries; then the other way round.
fn queryKeyProducts(queryRows: vec4u, keyRows: vec4u) -> mat4x4f {
  var products = mat4x4f();
  for (var i = 0u; i < params.headVecs; i++) { products += transpose(queryRowsOf(queryRows, i)) * keyRowsOf(keyRows, i); }
  return products;
}
fn keyQueryProducts(keyRows: vec4u, queryRows: vec4u) -> mat4x4f {
  var products = mat4x4f();
  for (var i = 0u; i < params.headVecs; i++) { products += transpose(keyRowsOf(keyRows, i)) * queryRowsOf(queryRows, i); }
  return products;
}

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let token = (workgroup.x * WORKGROUP + lane) * 4u;
  let batch = workgroup.y / params.heads;
  let head = workgroup.y % params.heads;
  let kvHead = head / (params.heads / params.kvHeads);
  let chunk = workgroup.z * CHUNK_VECS;
  if (token >= params.queryTokens) { return; }
  let tokens = vec4u(token, token + 1u, token + 2u, token + 3u);
  let span = spans[batch];
  let queryRows = queryRowsAt(queryAt(batch, 0u, head), token);

  var largest = vec4f(MASKED);
  var total = vec4f();
  var s0 = mat4x4f(); var s1 = mat4x4f(); var s2 = mat4x4f(); var s3 = mat4x4f();
  var s4 = mat4x4f(); var s5 = mat4x4f(); var s6 = mat4x4f(); var s7 = mat4x4f();
  let end = keyEnd(token, span);
  for (var key = span.x; key < end; key += 4u) {
    var scores = withBias(queryKeyProducts(queryRows, keyRowsAt(keyAt(batch, 0u, kvHead), key)) * params.scale, key, token, head);
    let see0 = seen(key, tokens, span);
    let see1 = seen(key + 1u, tokens, span);
    let see2 = seen(key + 2u, tokens, span);
    let see3 = seen(key + 3u, tokens, span);
    let masked = vec4f(MASKED);
    scores = mat4x4f(
      select(masked, scores[0], see0), select(masked, scores[1], see1),
      select(masked, scores[2], see2), select(masked, scores[3], see3));
    let newLargest = max(largest, max(max(scores[0], scores[1]), max(scores[2], scores[3])));
    if (any(newLargest > largest)) {
      let rescale = exp(largest - newLargest);
      total *= rescale;
      s0 = scaleRows(s0, rescale); s1 = scaleRows(s1, rescale); s2 = scaleRows(s2, rescale); s3 = scaleRows(s3, rescale);
      s4 = scaleRows(s4, rescale); s5 = scaleRows(s5, rescale); s6 = scaleRows(s6, rescale); s7 = scaleRows(s7, rescale);
      largest = newLargest;
    }
    let weights = mat4x4f(
      select(vec4f(), exp(scores[0] - largest), see0), select(vec4f(), exp(scores[1] - largest), see1),
      select(vec4f(), exp(scores[2] - largest), see2), select(vec4f(), exp(scores[3] - largest), see3));
    total += weights[0] + weights[1] + weights[2] + weights[3];
    let valueRows = keyRowsAt(valueAt(batch, 0u, kvHead), key);
    s0 += weights * transpose(keyRowsOf(valueRows, chunk + 0u));
    s1 += weights * transpose(keyRowsOf(valueRows, chunk + 1u));
    s2 += weights * transpose(keyRowsOf(valueRows, chunk + 2u));
    s3 += weights * transpose(keyRowsOf(valueRows, chunk + 3u));
    s4 += weights * transpose(keyRowsOf(valueRows, chunk + 4u));
    s5 += weights * transpose(keyRowsOf(valueRows, chunk + 5u));
    s6 += weights * transpose(keyRowsOf(valueRows, chunk + 6u));
    s7 += weights * transpose(keyRowsOf(valueRows, chunk + 7u));
  }

  let empty = total == vec4f();
  let inverse = select(1.0 / total, vec4f(), empty);
  let lse = select(largest + log(total), vec4f(-MASKED), empty);
  for (var r = 0u; r < 4u && token + r < params.queryTokens; r++) {
    if (chunk == 0u) { logSumExp[workgroup.y * params.queryTokens + token + r] = lse[r]; }
    let at = outAt(batch, token + r, head);
    storeOut(at, chunk + 0u, ofRow(s0, r) * inverse[r]);
    storeOut(at, chunk + 1u, ofRow(s1, r) * inverse[r]);
    storeOut(at, chunk + 2u, ofRow(s2, r) * inverse[r]);
    storeOut(at, chunk + 3u, ofRow(s3, r) * inverse[r]);
    storeOut(at, chunk + 4u, ofRow(s4, r) * inverse[r]);
    storeOut(at, chunk + 5u, ofRow(s5, r) * inverse[r]);
    storeOut(at, chunk + 6u, ofRow(s6, r) * inverse[r]);
    storeOut(at, chunk + 7u, ofRow(s7, r) * inverse[r]);
  }
}

fn storeOut(row: u32, i: u32, value: vec4f) { if (i < params.headVecs) { out[row + i] = value; } }
fn addGradient(row: u32, i: u32, value: vec4f) {
  if (i >= params.headVecs) { return; }
  if (params.headOfGroup == 0u) { dKeyValues[row + i] = value; } else { dKeyValues[row + i] += value; }
}
fn storeGradient(row: u32, i: u32, value: vec4f) { if (i < params.headVecs) { dQueries[row + i] = value; } }

// delta = sum_D dOut * out; dq = scale * sum_keys p (dOut . v - delta) k, p = exp(scale q . k + bias - logSumExp).
@compute @workgroup_size(WORKGROUP)
fn backwardQuery(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let token = (workgroup.x * WORKGROUP + lane) * 4u;
  let batch = workgroup.y / params.heads;
  let head = workgroup.y % params.heads;
  let kvHead = head / (params.heads / params.kvHeads);
  let chunk = workgroup.z * CHUNK_VECS;
  if (token >= params.queryTokens) { return; }
  let tokens = vec4u(token, token + 1u, token + 2u, token + 3u);
  let span = spans[batch];
  let queryRows = queryRowsAt(queryAt(batch, 0u, head), token);
  let outRows = outRowsAt(outAt(batch, 0u, head), token);

  var deltas = vec4f();
  for (var i = 0u; i < params.headVecs; i++) {
    let dO = transpose(dOutRows(outRows, i));
    let o = transpose(savedOutRows(outRows, i));
    deltas += dO[0] * o[0] + dO[1] * o[1] + dO[2] * o[2] + dO[3] * o[3];
  }
  let statistics = workgroup.y * params.queryTokens;
  let at = vec4u(statistics) + four(token, params.queryTokens);
  let lse = vec4f(loadSavedLogSumExp(at.x), loadSavedLogSumExp(at.y), loadSavedLogSumExp(at.z), loadSavedLogSumExp(at.w));

  var s0 = mat4x4f(); var s1 = mat4x4f(); var s2 = mat4x4f(); var s3 = mat4x4f();
  var s4 = mat4x4f(); var s5 = mat4x4f(); var s6 = mat4x4f(); var s7 = mat4x4f();
  let end = keyEnd(token, span);
  let diagonals = workgroup.y * blocksOf(params.queryTokens) + token / 4u;
  var carry = vec3f();
  for (var key = span.x; key < end; key += 4u) {
    let keyRows = keyRowsAt(keyAt(batch, 0u, kvHead), key);
    let valueRows = keyRowsAt(valueAt(batch, 0u, kvHead), key);
    let scores = withBias(queryKeyProducts(queryRows, keyRows) * params.scale, key, token, head);
    var dWeights = mat4x4f();
    for (var i = 0u; i < params.headVecs; i++) { dWeights += transpose(dOutRows(outRows, i)) * keyRowsOf(valueRows, i); }
    let dScores = mat4x4f(
      select(vec4f(), exp(scores[0] - lse), seen(key, tokens, span)) * (dWeights[0] - deltas) * params.scale,
      select(vec4f(), exp(scores[1] - lse), seen(key + 1u, tokens, span)) * (dWeights[1] - deltas) * params.scale,
      select(vec4f(), exp(scores[2] - lse), seen(key + 2u, tokens, span)) * (dWeights[2] - deltas) * params.scale,
      select(vec4f(), exp(scores[3] - lse), seen(key + 3u, tokens, span)) * (dWeights[3] - deltas) * params.scale);
    if (chunk == 0u) { carry = keepDiagonals(dScores, carry, diagonals, token, key); }
    s0 += dScores * transpose(keyRowsOf(keyRows, chunk + 0u));
    s1 += dScores * transpose(keyRowsOf(keyRows, chunk + 1u));
    s2 += dScores * transpose(keyRowsOf(keyRows, chunk + 2u));
    s3 += dScores * transpose(keyRowsOf(keyRows, chunk + 3u));
    s4 += dScores * transpose(keyRowsOf(keyRows, chunk + 4u));
    s5 += dScores * transpose(keyRowsOf(keyRows, chunk + 5u));
    s6 += dScores * transpose(keyRowsOf(keyRows, chunk + 6u));
    s7 += dScores * transpose(keyRowsOf(keyRows, chunk + 7u));
  }

  if (chunk == 0u && span.x < end) { keepLastDiagonals(carry, diagonals, span.x + 4u * blocksOf(end - span.x)); }
  for (var r = 0u; r < 4u && token + r < params.queryTokens; r++) {
    if (chunk == 0u) { delta[statistics + token + r] = deltas[r]; }
    let row = queryAt(batch, token + r, head);
    storeGradient(row, chunk + 0u, ofRow(s0, r));
    storeGradient(row, chunk + 1u, ofRow(s1, r));
    storeGradient(row, chunk + 2u, ofRow(s2, r));
    storeGradient(row, chunk + 3u, ofRow(s3, r));
    storeGradient(row, chunk + 4u, ofRow(s4, r));
    storeGradient(row, chunk + 5u, ofRow(s5, r));
    storeGradient(row, chunk + 6u, ofRow(s6, r));
    storeGradient(row, chunk + 7u, ofRow(s7, r));
  }
}

// dv = sum_queries p dOut; dk = scale * sum_queries p (dOut . v - delta) q, for one of the query heads that share a key head; those
// beyond the first add to what dKeyValues holds. Each takes a dispatch, because a CPU driver ends loops that last too long.
@compute @workgroup_size(WORKGROUP)
fn backwardKeyValue(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let token = (workgroup.x * WORKGROUP + lane) * 4u;
  let batch = workgroup.y / params.kvHeads;
  let kvHead = workgroup.y % params.kvHeads;
  let head = kvHead * (params.heads / params.kvHeads) + params.headOfGroup;
  let chunk = workgroup.z * CHUNK_VECS;
  if (token >= params.keyTokens) { return; }
  let keys = vec4u(token, token + 1u, token + 2u, token + 3u);
  let span = spans[batch];
  let keyRows = keyRowsAt(keyAt(batch, 0u, kvHead), token);
  let valueRows = keyRowsAt(valueAt(batch, 0u, kvHead), token);

  var k0 = mat4x4f(); var k1 = mat4x4f(); var k2 = mat4x4f(); var k3 = mat4x4f();
  var k4 = mat4x4f(); var k5 = mat4x4f(); var k6 = mat4x4f(); var k7 = mat4x4f();
  var v0 = mat4x4f(); var v1 = mat4x4f(); var v2 = mat4x4f(); var v3 = mat4x4f();
  var v4 = mat4x4f(); var v5 = mat4x4f(); var v6 = mat4x4f(); var v7 = mat4x4f();
  let statistics = (batch * params.heads + head) * params.queryTokens;
  for (var query = firstQuery(token); query < params.queryTokens && token < span.y; query += 4u) {
    let queryRows = queryRowsAt(queryAt(batch, 0u, head), query);
    let outRows = outRowsAt(outAt(batch, 0u, head), query);
    let scores = withBiasOfKeys(keyQueryProducts(keyRows, queryRows) * params.scale, token, query, head);
    var dWeights = mat4x4f();
    for (var i = 0u; i < params.headVecs; i++) { dWeights += transpose(keyRowsOf(valueRows, i)) * dOutRows(outRows, i); }
    let at = vec4u(statistics) + four(query, params.queryTokens);
    let weights = mat4x4f(
      select(vec4f(), exp(scores[0] - loadSavedLogSumExp(at.x)), seenKeys(query, keys, span)),
      select(vec4f(), exp(scores[1] - loadSavedLogSumExp(at.y)), seenKeys(query + 1u, keys, span)),
      select(vec4f(), exp(scores[2] - loadSavedLogSumExp(at.z)), seenKeys(query + 2u, keys, span)),
      select(vec4f(), exp(scores[3] - loadSavedLogSumExp(at.w)), seenKeys(query + 3u, keys, span)));
    let dScores = mat4x4f(
      weights[0] * (dWeights[0] - loadSavedDelta(at.x)) * params.scale,
      weights[1] * (dWeights[1] - loadSavedDelta(at.y)) * params.scale,
      weights[2] * (dWeights[2] - loadSavedDelta(at.z)) * params.scale,
      weights[3] * (dWeights[3] - loadSavedDelta(at.w)) * params.scale);
    k0 += dScores * transpose(queryRowsOf(queryRows, chunk + 0u)); v0 += weights * transpose(dOutRows(outRows, chunk + 0u));
    k1 += dScores * transpose(queryRowsOf(queryRows, chunk + 1u)); v1 += weights * transpose(dOutRows(outRows, chunk + 1u));
    k2 += dScores * transpose(queryRowsOf(queryRows, chunk + 2u)); v2 += weights * transpose(dOutRows(outRows, chunk + 2u));
    k3 += dScores * transpose(queryRowsOf(queryRows, chunk + 3u)); v3 += weights * transpose(dOutRows(outRows, chunk + 3u));
    k4 += dScores * transpose(queryRowsOf(queryRows, chunk + 4u)); v4 += weights * transpose(dOutRows(outRows, chunk + 4u));
    k5 += dScores * transpose(queryRowsOf(queryRows, chunk + 5u)); v5 += weights * transpose(dOutRows(outRows, chunk + 5u));
    k6 += dScores * transpose(queryRowsOf(queryRows, chunk + 6u)); v6 += weights * transpose(dOutRows(outRows, chunk + 6u));
    k7 += dScores * transpose(queryRowsOf(queryRows, chunk + 7u)); v7 += weights * transpose(dOutRows(outRows, chunk + 7u));
  }

  for (var r = 0u; r < 4u && token + r < params.keyTokens; r++) {
    let keyOut = keyAt(batch, token + r, kvHead);
    let valueOut = valueAt(batch, token + r, kvHead);
    addGradient(keyOut, chunk + 0u, ofRow(k0, r)); addGradient(valueOut, chunk + 0u, ofRow(v0, r));
    addGradient(keyOut, chunk + 1u, ofRow(k1, r)); addGradient(valueOut, chunk + 1u, ofRow(v1, r));
    addGradient(keyOut, chunk + 2u, ofRow(k2, r)); addGradient(valueOut, chunk + 2u, ofRow(v2, r));
    addGradient(keyOut, chunk + 3u, ofRow(k3, r)); addGradient(valueOut, chunk + 3u, ofRow(v3, r));
    addGradient(keyOut, chunk + 4u, ofRow(k4, r)); addGradient(valueOut, chunk + 4u, ofRow(v4, r));
    addGradient(keyOut, chunk + 5u, ofRow(k5, r)); addGradient(valueOut, chunk + 5u, ofRow(v5, r));
    addGradient(keyOut, chunk + 6u, ofRow(k6, r)); addGradient(valueOut, chunk + 6u, ofRow(v6, r));
    addGradient(keyOut, chunk + 7u, ofRow(k7, r)); addGradient(valueOut, chunk + 7u, ofRow(v7, r));
  }
}
