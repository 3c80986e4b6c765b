// Causal attention, softmax(scale q kᵀ + mask) v, without keeping scores: forward by online softmax (Milakov & Gimelshein 2018; Dao et
// al. 2022), backward by recomputing them from logSumExp. q, k, v lie in one packed tensor, B T P with P = (H + 2 Hkv) D.
// qkv, dQkv: B T P; spans: B 2 (first token and end of each row, the rest is padding); out, dOut: B T H D; logSumExp, delta: B H T.
// An invocation owns four queries (forward, backwardQuery) or four keys (backwardKeyValue), and 32 of their dimensions in eight
// matrices: column d, component row. Blocks of four keys (queries) are walked in order, so every sum has one order. A head wider
// than 32 takes several workgroups, each of which computes the scores anew: arrays sized by the head would live in memory.
struct Params { tokens: u32, heads: u32, kvHeads: u32, headVecs: u32, scale: f32, headOfGroup: u32 }

override WORKGROUP: u32 = 32u;

@group(0) @binding(0) var<storage, read> qkv: array<vec4f>;
@group(0) @binding(1) var<storage, read> spans: array<vec2u>;
@group(0) @binding(2) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> logSumExp: array<f32>;
@group(0) @binding(4) var<storage, read> savedOut: array<vec4f>;
@group(0) @binding(5) var<storage, read> savedLogSumExp: array<f32>;
@group(0) @binding(6) var<storage, read> dOut: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> delta: array<f32>;
@group(0) @binding(8) var<storage, read> savedDelta: array<f32>;
@group(0) @binding(9) var<storage, read_write> dQkv: array<vec4f>;
@group(0) @binding(10) var<uniform> params: Params;

// Below any score, and finite: exp of a difference to it is 0.
const MASKED = -1e30;
const CHUNK_VECS = 8u; // of the head's dimensions in an invocation's matrices

fn stride() -> u32 { return (params.heads + 2u * params.kvHeads) * params.headVecs; }
fn queryAt(batch: u32, token: u32, head: u32) -> u32 { return (batch * params.tokens + token) * stride() + head * params.headVecs; }
fn keyAt(batch: u32, token: u32, kvHead: u32) -> u32 { return queryAt(batch, token, params.heads + kvHead); }
fn valueAt(batch: u32, token: u32, kvHead: u32) -> u32 { return queryAt(batch, token, params.heads + params.kvHeads + kvHead); }
fn outAt(batch: u32, token: u32, head: u32) -> u32 { return ((batch * params.tokens + token) * params.heads + head) * params.headVecs; }
fn clampToken(token: u32) -> u32 { return min(token, params.tokens - 1u); }

// Four neighbouring tokens of a tensor: where each begins; past the end the last repeats, and is masked or not stored.
fn rowsAt(first: u32, step: u32, token: u32) -> vec4u {
  return vec4u(first) + step * vec4u(clampToken(token), clampToken(token + 1u), clampToken(token + 2u), clampToken(token + 3u));
}

// Column r is dimensions 4i..4i+3 of row r; past the head's width the last four repeat, and are not stored.
fn qkvRows(rows: vec4u, i: u32) -> mat4x4f {
  let at = rows + min(i, params.headVecs - 1u);
  return mat4x4f(qkv[at.x], qkv[at.y], qkv[at.z], qkv[at.w]);
}
fn dOutRows(rows: vec4u, i: u32) -> mat4x4f {
  let at = rows + min(i, params.headVecs - 1u);
  return mat4x4f(dOut[at.x], dOut[at.y], dOut[at.z], dOut[at.w]);
}
fn savedOutRows(rows: vec4u, i: u32) -> mat4x4f {
  return mat4x4f(savedOut[rows.x + i], savedOut[rows.y + i], savedOut[rows.z + i], savedOut[rows.w + i]);
}

fn scaleRows(m: mat4x4f, factor: vec4f) -> mat4x4f { return mat4x4f(m[0] * factor, m[1] * factor, m[2] * factor, m[3] * factor); }
fn ofRow(m: mat4x4f, r: u32) -> vec4f { return vec4f(m[0][r], m[1][r], m[2][r], m[3][r]); }

// Which of an invocation's queries see a key; which of its keys a query sees.
fn seen(key: u32, queries: vec4u, span: vec2u) -> vec4<bool> { return (vec4u(key) <= queries) & vec4<bool>(key < span.y); }
fn seenKeys(query: u32, keys: vec4u, span: vec2u) -> vec4<bool> {
  return (keys <= vec4u(query)) & (keys >= vec4u(span.x)) & (keys < vec4u(span.y)) & vec4<bool>(query < params.tokens);
}

// Products of four rows with four others, over the whole head: column of the second, component of the first.
fn qkvProducts(rows: vec4u, others: vec4u) -> mat4x4f {
  var products = mat4x4f();
  for (var i = 0u; i < params.headVecs; i++) { products += transpose(qkvRows(rows, i)) * qkvRows(others, i); }
  return products;
}

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let token = (workgroup.x * WORKGROUP + lane) * 4u;
  let batch = workgroup.y / params.heads;
  let head = workgroup.y % params.heads;
  let kvHead = head / (params.heads / params.kvHeads);
  let chunk = workgroup.z * CHUNK_VECS;
  if (token >= params.tokens) { return; }
  let queries = vec4u(token, token + 1u, token + 2u, token + 3u);
  let span = spans[batch];
  let queryRows = rowsAt(queryAt(batch, 0u, head), stride(), token);

  var largest = vec4f(MASKED);
  var total = vec4f();
  var s0 = mat4x4f(); var s1 = mat4x4f(); var s2 = mat4x4f(); var s3 = mat4x4f();
  var s4 = mat4x4f(); var s5 = mat4x4f(); var s6 = mat4x4f(); var s7 = mat4x4f();
  let end = min(span.y, min(token + 4u, params.tokens));
  for (var key = span.x; key < end; key += 4u) {
    var scores = qkvProducts(queryRows, rowsAt(keyAt(batch, 0u, kvHead), stride(), key)) * params.scale;
    for (var j = 0u; j < 4u; j++) { scores[j] = select(vec4f(MASKED), scores[j], seen(key + j, queries, span)); }
    let newLargest = max(largest, max(max(scores[0], scores[1]), max(scores[2], scores[3])));
    if (any(newLargest > largest)) {
      let rescale = exp(largest - newLargest);
      total *= rescale;
      s0 = scaleRows(s0, rescale); s1 = scaleRows(s1, rescale); s2 = scaleRows(s2, rescale); s3 = scaleRows(s3, rescale);
      s4 = scaleRows(s4, rescale); s5 = scaleRows(s5, rescale); s6 = scaleRows(s6, rescale); s7 = scaleRows(s7, rescale);
      largest = newLargest;
    }
    var weights: mat4x4f;
    for (var j = 0u; j < 4u; j++) { weights[j] = select(vec4f(), exp(scores[j] - largest), seen(key + j, queries, span)); }
    total += weights[0] + weights[1] + weights[2] + weights[3];
    let valueRows = rowsAt(valueAt(batch, 0u, kvHead), stride(), key);
    s0 += weights * transpose(qkvRows(valueRows, chunk + 0u));
    s1 += weights * transpose(qkvRows(valueRows, chunk + 1u));
    s2 += weights * transpose(qkvRows(valueRows, chunk + 2u));
    s3 += weights * transpose(qkvRows(valueRows, chunk + 3u));
    s4 += weights * transpose(qkvRows(valueRows, chunk + 4u));
    s5 += weights * transpose(qkvRows(valueRows, chunk + 5u));
    s6 += weights * transpose(qkvRows(valueRows, chunk + 6u));
    s7 += weights * transpose(qkvRows(valueRows, chunk + 7u));
  }

  let empty = total == vec4f();
  let inverse = select(1.0 / total, vec4f(), empty);
  let lse = select(largest + log(total), vec4f(-MASKED), empty);
  for (var r = 0u; r < 4u && token + r < params.tokens; r++) {
    if (chunk == 0u) { logSumExp[workgroup.y * params.tokens + token + r] = lse[r]; }
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
  if (params.headOfGroup == 0u) { dQkv[row + i] = value; } else { dQkv[row + i] += value; }
}
fn storeGradient(row: u32, i: u32, value: vec4f) { if (i < params.headVecs) { dQkv[row + i] = value; } }

// delta = sum_D dOut * out; dq = scale * sum_keys p (dOut . v - delta) k, p = exp(scale q . k - logSumExp).
@compute @workgroup_size(WORKGROUP)
fn backwardQuery(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let token = (workgroup.x * WORKGROUP + lane) * 4u;
  let batch = workgroup.y / params.heads;
  let head = workgroup.y % params.heads;
  let kvHead = head / (params.heads / params.kvHeads);
  let chunk = workgroup.z * CHUNK_VECS;
  if (token >= params.tokens) { return; }
  let queries = vec4u(token, token + 1u, token + 2u, token + 3u);
  let span = spans[batch];
  let queryRows = rowsAt(queryAt(batch, 0u, head), stride(), token);
  let outRows = rowsAt(outAt(batch, 0u, head), params.heads * params.headVecs, token);

  var deltas = vec4f();
  for (var i = 0u; i < params.headVecs; i++) {
    let dO = transpose(dOutRows(outRows, i));
    let o = transpose(savedOutRows(outRows, i));
    deltas += dO[0] * o[0] + dO[1] * o[1] + dO[2] * o[2] + dO[3] * o[3];
  }
  let statistics = workgroup.y * params.tokens;
  let lse = vec4f(savedLogSumExp[statistics + token], savedLogSumExp[statistics + clampToken(token + 1u)],
    savedLogSumExp[statistics + clampToken(token + 2u)], savedLogSumExp[statistics + clampToken(token + 3u)]);

  var s0 = mat4x4f(); var s1 = mat4x4f(); var s2 = mat4x4f(); var s3 = mat4x4f();
  var s4 = mat4x4f(); var s5 = mat4x4f(); var s6 = mat4x4f(); var s7 = mat4x4f();
  let end = min(span.y, min(token + 4u, params.tokens));
  for (var key = span.x; key < end; key += 4u) {
    let keyRows = rowsAt(keyAt(batch, 0u, kvHead), stride(), key);
    let valueRows = rowsAt(valueAt(batch, 0u, kvHead), stride(), key);
    let scores = qkvProducts(queryRows, keyRows) * params.scale;
    var dWeights = mat4x4f();
    for (var i = 0u; i < params.headVecs; i++) { dWeights += transpose(dOutRows(outRows, i)) * qkvRows(valueRows, i); }
    var dScores: mat4x4f;
    for (var j = 0u; j < 4u; j++) {
      let weight = select(vec4f(), exp(scores[j] - lse), seen(key + j, queries, span));
      dScores[j] = weight * (dWeights[j] - deltas) * params.scale;
    }
    s0 += dScores * transpose(qkvRows(keyRows, chunk + 0u));
    s1 += dScores * transpose(qkvRows(keyRows, chunk + 1u));
    s2 += dScores * transpose(qkvRows(keyRows, chunk + 2u));
    s3 += dScores * transpose(qkvRows(keyRows, chunk + 3u));
    s4 += dScores * transpose(qkvRows(keyRows, chunk + 4u));
    s5 += dScores * transpose(qkvRows(keyRows, chunk + 5u));
    s6 += dScores * transpose(qkvRows(keyRows, chunk + 6u));
    s7 += dScores * transpose(qkvRows(keyRows, chunk + 7u));
  }

  for (var r = 0u; r < 4u && token + r < params.tokens; r++) {
    if (chunk == 0u) { delta[statistics + token + r] = deltas[r]; }
    let at = queryAt(batch, token + r, head);
    storeGradient(at, chunk + 0u, ofRow(s0, r));
    storeGradient(at, chunk + 1u, ofRow(s1, r));
    storeGradient(at, chunk + 2u, ofRow(s2, r));
    storeGradient(at, chunk + 3u, ofRow(s3, r));
    storeGradient(at, chunk + 4u, ofRow(s4, r));
    storeGradient(at, chunk + 5u, ofRow(s5, r));
    storeGradient(at, chunk + 6u, ofRow(s6, r));
    storeGradient(at, chunk + 7u, ofRow(s7, r));
  }
}

// dv = sum_queries p dOut; dk = scale * sum_queries p (dOut . v - delta) q, of one of the query heads that share a key head; those
// beyond the first add to what dQkv holds. One dispatch for each, since a CPU driver ends loops that last too long.
@compute @workgroup_size(WORKGROUP)
fn backwardKeyValue(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let token = (workgroup.x * WORKGROUP + lane) * 4u;
  let batch = workgroup.y / params.kvHeads;
  let kvHead = workgroup.y % params.kvHeads;
  let head = kvHead * (params.heads / params.kvHeads) + params.headOfGroup;
  let chunk = workgroup.z * CHUNK_VECS;
  if (token >= params.tokens) { return; }
  let keys = vec4u(token, token + 1u, token + 2u, token + 3u);
  let span = spans[batch];
  let keyRows = rowsAt(keyAt(batch, 0u, kvHead), stride(), token);
  let valueRows = rowsAt(valueAt(batch, 0u, kvHead), stride(), token);

  var k0 = mat4x4f(); var k1 = mat4x4f(); var k2 = mat4x4f(); var k3 = mat4x4f();
  var k4 = mat4x4f(); var k5 = mat4x4f(); var k6 = mat4x4f(); var k7 = mat4x4f();
  var v0 = mat4x4f(); var v1 = mat4x4f(); var v2 = mat4x4f(); var v3 = mat4x4f();
  var v4 = mat4x4f(); var v5 = mat4x4f(); var v6 = mat4x4f(); var v7 = mat4x4f();
  let statistics = (batch * params.heads + head) * params.tokens;
  for (var query = token; query < params.tokens && token < span.y; query += 4u) {
    let queryRows = rowsAt(queryAt(batch, 0u, head), stride(), query);
    let outRows = rowsAt(outAt(batch, 0u, head), params.heads * params.headVecs, query);
    let scores = qkvProducts(keyRows, queryRows) * params.scale;
    var dWeights = mat4x4f();
    for (var i = 0u; i < params.headVecs; i++) { dWeights += transpose(qkvRows(valueRows, i)) * dOutRows(outRows, i); }
    var weights: mat4x4f;
    var dScores: mat4x4f;
    for (var j = 0u; j < 4u; j++) {
      let at = statistics + clampToken(query + j);
      weights[j] = select(vec4f(), exp(scores[j] - savedLogSumExp[at]), seenKeys(query + j, keys, span));
      dScores[j] = weights[j] * (dWeights[j] - savedDelta[at]) * params.scale;
    }
    k0 += dScores * transpose(qkvRows(queryRows, chunk + 0u)); v0 += weights * transpose(dOutRows(outRows, chunk + 0u));
    k1 += dScores * transpose(qkvRows(queryRows, chunk + 1u)); v1 += weights * transpose(dOutRows(outRows, chunk + 1u));
    k2 += dScores * transpose(qkvRows(queryRows, chunk + 2u)); v2 += weights * transpose(dOutRows(outRows, chunk + 2u));
    k3 += dScores * transpose(qkvRows(queryRows, chunk + 3u)); v3 += weights * transpose(dOutRows(outRows, chunk + 3u));
    k4 += dScores * transpose(qkvRows(queryRows, chunk + 4u)); v4 += weights * transpose(dOutRows(outRows, chunk + 4u));
    k5 += dScores * transpose(qkvRows(queryRows, chunk + 5u)); v5 += weights * transpose(dOutRows(outRows, chunk + 5u));
    k6 += dScores * transpose(qkvRows(queryRows, chunk + 6u)); v6 += weights * transpose(dOutRows(outRows, chunk + 6u));
    k7 += dScores * transpose(qkvRows(queryRows, chunk + 7u)); v7 += weights * transpose(dOutRows(outRows, chunk + 7u));
  }

  for (var r = 0u; r < 4u && token + r < params.tokens; r++) {
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
