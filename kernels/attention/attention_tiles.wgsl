// The form of attention for GPUs: what attention.wgsl, whose text comes before this one, computes, by enough invocations to fill one.
// A workgroup of 64 owns 32 queries (32 keys in backwardKeyValueTiles) of one head and walks the others by 32: invocation 8 b + o has
// the scores of the own block b of four tokens with the other block o, and sums for block b and four dimensions of CHUNKS chunks of 32.
// Rows pass through workgroup memory, 32 tokens by 32 dimensions at a time, loaded by 128 bytes a row; sums run over tokens in order.
// To avoid bank conflicts, rows are stored as [dimensions / 4][token], with a block's four tokens 8 apart and the place combined with the
// dimension by xor: eight neighbours that write one row, and eight that read row r of eight blocks, touch eight different vec4f. 16 KiB in
// all.
override CHUNKS: u32 = 1u; // at most 4; for keys and values at most 2

var<workgroup> queryTile: array<vec4f, 256>; // or of dOut
var<workgroup> keyTile: array<vec4f, 256>; // or of values; of queries in the sums of backwardKeyValueTiles
var<workgroup> weightTile: array<vec4f, 256>; // [own block][other token]: a weight or slope of four own tokens each
var<workgroup> slopeTile: array<vec4f, 256>;
var<workgroup> shares: array<vec4f, 64>; // passed between the invocations of a block

fn place(i: u32, token: u32) -> u32 { return 32u * i + ((8u * (token % 4u) + token / 4u) ^ i); }
fn weightPlace(block: u32, token: u32) -> u32 { return 32u * block + 8u * (token % 4u) + token / 4u; }

// Dimensions past the head's width count as zero; tokens past the end repeat the last one and are masked or not stored.
fn queryVec(first: u32, token: u32, i: u32) -> vec4f {
  let at = first + min(token, params.queryTokens - 1u) * params.queryStride + min(i, params.headVecs - 1u);
  return select(vec4f(), loadQueries(at), i < params.headVecs);
}
fn keyVec(first: u32, token: u32, i: u32) -> vec4f {
  let at = first + min(token, params.keyTokens - 1u) * params.keyStride + min(i, params.headVecs - 1u);
  return select(vec4f(), loadKeyValues(at), i < params.headVecs);
}
fn dOutVec(first: u32, token: u32, i: u32) -> vec4f {
  let at = first + min(token, params.queryTokens - 1u) * params.heads * params.headVecs + min(i, params.headVecs - 1u);
  return select(vec4f(), loadDOut(at), i < params.headVecs);
}

fn addScores(sums: mat4x4f, queryBlock: u32, keyBlock: u32) -> mat4x4f {
  var products = sums;
  for (var i = 0u; i < 8u; i++) {
    let q = 4u * queryBlock;
    let k = 4u * keyBlock;
    let x = mat4x4f(queryTile[place(i, q)], queryTile[place(i, q + 1u)], queryTile[place(i, q + 2u)], queryTile[place(i, q + 3u)]);
    let y = mat4x4f(keyTile[place(i, k)], keyTile[place(i, k + 1u)], keyTile[place(i, k + 2u)], keyTile[place(i, k + 3u)]);
    products += transpose(x) * y;
  }
  return products;
}

// Products of 32 queries and 32 keys, from the two given tokens on. Each invocation has those of its blocks: columns are keys,
// components queries.
fn tileScores(firstQuery: u32, query: u32, firstKey: u32, key: u32, blocks: vec2u, lane: u32) -> mat4x4f {
  var products = mat4x4f();
  for (var chunk = 0u; chunk < params.headVecs; chunk += 8u) {
    let i = lane % 8u;
    workgroupBarrier();
    for (var row = lane / 8u; row < 32u; row += 8u) {
      queryTile[place(i, row)] = queryVec(firstQuery, query + row, chunk + i);
      keyTile[place(i, row)] = keyVec(firstKey, key + row, chunk + i);
    }
    workgroupBarrier();
    products = addScores(products, blocks.x, blocks.y);
  }
  return products;
}
// The same for dOut and values.
fn tileSlopes(firstOut: u32, query: u32, firstValue: u32, key: u32, blocks: vec2u, lane: u32) -> mat4x4f {
  var products = mat4x4f();
  for (var chunk = 0u; chunk < params.headVecs; chunk += 8u) {
    let i = lane % 8u;
    workgroupBarrier();
    for (var row = lane / 8u; row < 32u; row += 8u) {
      queryTile[place(i, row)] = dOutVec(firstOut, query + row, chunk + i);
      keyTile[place(i, row)] = keyVec(firstValue, key + row, chunk + i);
    }
    workgroupBarrier();
    products = addScores(products, blocks.x, blocks.y);
  }
  return products;
}

fn outer(own: vec4f, other: vec4f) -> mat4x4f { return mat4x4f(own * other.x, own * other.y, own * other.z, own * other.w); }

// sums + the sum over 32 keys of weights times dimensions 4 i..4 i + 3 of their chunk, where i is the invocation's.
fn addWeighted(sums: mat4x4f, firstKey: u32, key: u32, chunk: u32, lane: u32) -> mat4x4f {
  let i = lane % 8u;
  workgroupBarrier();
  for (var row = lane / 8u; row < 32u; row += 8u) { keyTile[place(i, row)] = keyVec(firstKey, key + row, chunk + i); }
  workgroupBarrier();
  var next = sums;
  for (var j = 0u; j < 32u; j++) { next += outer(weightTile[weightPlace(lane / 8u, j)], keyTile[place(i, j)]); }
  return next;
}

@compute @workgroup_size(64)
fn forwardTiles(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let block = lane / 8u;
  let other = lane % 8u;
  let token = workgroup.x * 32u + 4u * block;
  let tokens = vec4u(token, token + 1u, token + 2u, token + 3u);
  let batch = workgroup.y / params.heads;
  let head = workgroup.y % params.heads;
  let kvHead = head / (params.heads / params.kvHeads);
  let chunk = workgroup.z * CHUNK_VECS * CHUNKS;
  let span = spans[batch];
  let firstValue = valueAt(batch, 0u, kvHead);

  var largest = vec4f(MASKED);
  var total = vec4f();
  var s0 = mat4x4f(); var s1 = mat4x4f(); var s2 = mat4x4f(); var s3 = mat4x4f();
  let end = keyEnd(workgroup.x * 32u + 28u, span);
  for (var start = span.x; start < end; start += 32u) {
    let key = start + 4u * other;
    let products = tileScores(queryAt(batch, 0u, head), workgroup.x * 32u, keyAt(batch, 0u, kvHead), start, vec2u(block, other), lane);
    let scores = withBias(products * params.scale, key, token, head);
    let see0 = seen(key, tokens, span);
    let see1 = seen(key + 1u, tokens, span);
    let see2 = seen(key + 2u, tokens, span);
    let see3 = seen(key + 3u, tokens, span);
    let masked = vec4f(MASKED);
    shares[lane] = max(
      max(select(masked, scores[0], see0), select(masked, scores[1], see1)),
      max(select(masked, scores[2], see2), select(masked, scores[3], see3)));
    workgroupBarrier();
    var newLargest = largest;
    for (var j = 0u; j < 8u; j++) { newLargest = max(newLargest, shares[8u * block + j]); }
    let rescale = exp(largest - newLargest);
    largest = newLargest;
    let at = weightPlace(block, 4u * other);
    weightTile[at] = select(vec4f(), exp(scores[0] - largest), see0);
    weightTile[at + 8u] = select(vec4f(), exp(scores[1] - largest), see1);
    weightTile[at + 16u] = select(vec4f(), exp(scores[2] - largest), see2);
    weightTile[at + 24u] = select(vec4f(), exp(scores[3] - largest), see3);
    s0 = addWeighted(scaleRows(s0, rescale), firstValue, start, chunk, lane);
    if (CHUNKS > 1u) { s1 = addWeighted(scaleRows(s1, rescale), firstValue, start, chunk + 8u, lane); }
    if (CHUNKS > 2u) { s2 = addWeighted(scaleRows(s2, rescale), firstValue, start, chunk + 16u, lane); }
    if (CHUNKS > 3u) { s3 = addWeighted(scaleRows(s3, rescale), firstValue, start, chunk + 24u, lane); }
    total *= rescale;
    for (var j = 0u; j < 32u; j++) { total += weightTile[weightPlace(block, j)]; }
  }

  let empty = total == vec4f();
  let inverse = select(1.0 / total, vec4f(), empty);
  let lse = select(largest + log(total), vec4f(-MASKED), empty);
  for (var r = 0u; r < 4u && token + r < params.queryTokens; r++) {
    if (chunk == 0u && other == 0u) { logSumExp[workgroup.y * params.queryTokens + token + r] = lse[r]; }
    let row = outAt(batch, token + r, head);
    storeOut(row, chunk + other, ofRow(s0, r) * inverse[r]);
    if (CHUNKS > 1u) { storeOut(row, chunk + 8u + other, ofRow(s1, r) * inverse[r]); }
    if (CHUNKS > 2u) { storeOut(row, chunk + 16u + other, ofRow(s2, r) * inverse[r]); }
    if (CHUNKS > 3u) { storeOut(row, chunk + 24u + other, ofRow(s3, r) * inverse[r]); }
  }
}

// delta of the own block: each of its eight invocations sums an eighth of the dimensions, and all eight add these sums in order.
fn blockDeltas(outRows: vec4u, lane: u32) -> vec4f {
  var partial = vec4f();
  for (var i = lane % 8u; i < params.headVecs; i += 8u) {
    let dO = transpose(dOutRows(outRows, i));
    let o = transpose(savedOutRows(outRows, i));
    partial += dO[0] * o[0] + dO[1] * o[1] + dO[2] * o[2] + dO[3] * o[3];
  }
  shares[lane] = partial;
  workgroupBarrier();
  var deltas = vec4f();
  for (var j = 0u; j < 8u; j++) { deltas += shares[lane / 8u * 8u + j]; }
  return deltas;
}

@compute @workgroup_size(64)
fn backwardQueryTiles(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let block = lane / 8u;
  let other = lane % 8u;
  let token = workgroup.x * 32u + 4u * block;
  let tokens = vec4u(token, token + 1u, token + 2u, token + 3u);
  let batch = workgroup.y / params.heads;
  let head = workgroup.y % params.heads;
  let kvHead = head / (params.heads / params.kvHeads);
  let chunk = workgroup.z * CHUNK_VECS * CHUNKS;
  let span = spans[batch];
  let firstOut = outAt(batch, 0u, head);
  let firstKey = keyAt(batch, 0u, kvHead);
  let deltas = blockDeltas(outRowsAt(firstOut, token), lane);
  let statistics = workgroup.y * params.queryTokens;
  let at = vec4u(statistics) + four(token, params.queryTokens);
  let lse = vec4f(loadSavedLogSumExp(at.x), loadSavedLogSumExp(at.y), loadSavedLogSumExp(at.z), loadSavedLogSumExp(at.w));

  var s0 = mat4x4f(); var s1 = mat4x4f(); var s2 = mat4x4f(); var s3 = mat4x4f();
  let ownEnd = select(0u, keyEnd(token, span), token < params.queryTokens);
  let diagonals = workgroup.y * blocksOf(params.queryTokens) + token / 4u;
  var carry = vec3f();
  let end = keyEnd(workgroup.x * 32u + 28u, span);
  for (var start = span.x; start < end; start += 32u) {
    let key = start + 4u * other;
    let products = tileScores(queryAt(batch, 0u, head), workgroup.x * 32u, firstKey, start, vec2u(block, other), lane);
    let dWeights = tileSlopes(firstOut, workgroup.x * 32u, valueAt(batch, 0u, kvHead), start, vec2u(block, other), lane);
    let scores = withBias(products * params.scale, key, token, head);
    let dScores = mat4x4f(
      select(vec4f(), exp(scores[0] - lse), seen(key, tokens, span)) * (dWeights[0] - deltas) * params.scale,
      select(vec4f(), exp(scores[1] - lse), seen(key + 1u, tokens, span)) * (dWeights[1] - deltas) * params.scale,
      select(vec4f(), exp(scores[2] - lse), seen(key + 2u, tokens, span)) * (dWeights[2] - deltas) * params.scale,
      select(vec4f(), exp(scores[3] - lse), seen(key + 3u, tokens, span)) * (dWeights[3] - deltas) * params.scale);
    if (HAS_DIAGONALS && chunk == 0u) {
      let carried = carryOf(dScores, token);
      shares[lane] = vec4f(carried, 0.0);
      workgroupBarrier();
      if (other > 0u) { carry = shares[lane - 1u].xyz; }
      if (key < ownEnd) {
        _ = keepDiagonals(dScores, carry, diagonals, token, key);
        if (key + 4u >= ownEnd) { keepLastDiagonals(carried, diagonals, key + 4u); }
      }
      carry = shares[8u * block + 7u].xyz;
    }
    let own = weightPlace(block, 4u * other);
    weightTile[own] = dScores[0];
    weightTile[own + 8u] = dScores[1];
    weightTile[own + 16u] = dScores[2];
    weightTile[own + 24u] = dScores[3];
    s0 = addWeighted(s0, firstKey, start, chunk, lane);
    if (CHUNKS > 1u) { s1 = addWeighted(s1, firstKey, start, chunk + 8u, lane); }
    if (CHUNKS > 2u) { s2 = addWeighted(s2, firstKey, start, chunk + 16u, lane); }
    if (CHUNKS > 3u) { s3 = addWeighted(s3, firstKey, start, chunk + 24u, lane); }
  }

  for (var r = 0u; r < 4u && token + r < params.queryTokens; r++) {
    if (chunk == 0u && other == 0u) { delta[statistics + token + r] = deltas[r]; }
    let row = queryAt(batch, token + r, head);
    storeGradient(row, chunk + other, ofRow(s0, r));
    if (CHUNKS > 1u) { storeGradient(row, chunk + 8u + other, ofRow(s1, r)); }
    if (CHUNKS > 2u) { storeGradient(row, chunk + 16u + other, ofRow(s2, r)); }
    if (CHUNKS > 3u) { storeGradient(row, chunk + 24u + other, ofRow(s3, r)); }
  }
}

// Sums over 32 queries for the dimensions of a chunk: for keys (slopes times queries) and for values (weights times dOut).
struct KeyValueSums { keys: mat4x4f, values: mat4x4f }
fn addOfQueries(sums: KeyValueSums, firstQuery: u32, firstOut: u32, query: u32, chunk: u32, lane: u32) -> KeyValueSums {
  let i = lane % 8u;
  workgroupBarrier();
  for (var row = lane / 8u; row < 32u; row += 8u) {
    queryTile[place(i, row)] = dOutVec(firstOut, query + row, chunk + i);
    keyTile[place(i, row)] = queryVec(firstQuery, query + row, chunk + i);
  }
  workgroupBarrier();
  var next = sums;
  for (var j = 0u; j < 32u; j++) {
    let at = weightPlace(lane / 8u, j);
    next.keys += outer(slopeTile[at], keyTile[place(i, j)]);
    next.values += outer(weightTile[at], queryTile[place(i, j)]);
  }
  return next;
}

@compute @workgroup_size(64)
fn backwardKeyValueTiles(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let block = lane / 8u;
  let other = lane % 8u;
  let token = workgroup.x * 32u + 4u * block;
  let keys = vec4u(token, token + 1u, token + 2u, token + 3u);
  let batch = workgroup.y / params.kvHeads;
  let kvHead = workgroup.y % params.kvHeads;
  let head = kvHead * (params.heads / params.kvHeads) + params.headOfGroup;
  let chunk = workgroup.z * CHUNK_VECS * CHUNKS;
  let span = spans[batch];
  let firstQueryRow = queryAt(batch, 0u, head);
  let firstOut = outAt(batch, 0u, head);
  let statistics = (batch * params.heads + head) * params.queryTokens;

  var s0: KeyValueSums; var s1: KeyValueSums;
  for (var start = firstQuery(workgroup.x * 32u); start < params.queryTokens && workgroup.x * 32u < span.y; start += 32u) {
    let query = start + 4u * other;
    let products = tileScores(firstQueryRow, start, keyAt(batch, 0u, kvHead), workgroup.x * 32u, vec2u(other, block), lane);
    let slopes = tileSlopes(firstOut, start, valueAt(batch, 0u, kvHead), workgroup.x * 32u, vec2u(other, block), lane);
    let scores = withBiasOfKeys(transpose(products) * params.scale, token, query, head);
    let dWeights = transpose(slopes);
    let at = vec4u(statistics) + four(query, params.queryTokens);
    let weights = mat4x4f(
      select(vec4f(), exp(scores[0] - loadSavedLogSumExp(at.x)), seenKeys(query, keys, span)),
      select(vec4f(), exp(scores[1] - loadSavedLogSumExp(at.y)), seenKeys(query + 1u, keys, span)),
      select(vec4f(), exp(scores[2] - loadSavedLogSumExp(at.z)), seenKeys(query + 2u, keys, span)),
      select(vec4f(), exp(scores[3] - loadSavedLogSumExp(at.w)), seenKeys(query + 3u, keys, span)));
    let own = weightPlace(block, 4u * other);
    weightTile[own] = weights[0];
    weightTile[own + 8u] = weights[1];
    weightTile[own + 16u] = weights[2];
    weightTile[own + 24u] = weights[3];
    slopeTile[own] = weights[0] * (dWeights[0] - loadSavedDelta(at.x)) * params.scale;
    slopeTile[own + 8u] = weights[1] * (dWeights[1] - loadSavedDelta(at.y)) * params.scale;
    slopeTile[own + 16u] = weights[2] * (dWeights[2] - loadSavedDelta(at.z)) * params.scale;
    slopeTile[own + 24u] = weights[3] * (dWeights[3] - loadSavedDelta(at.w)) * params.scale;
    s0 = addOfQueries(s0, firstQueryRow, firstOut, start, chunk, lane);
    if (CHUNKS > 1u) { s1 = addOfQueries(s1, firstQueryRow, firstOut, start, chunk + 8u, lane); }
  }

  for (var r = 0u; r < 4u && token + r < params.keyTokens; r++) {
    let keyRow = keyAt(batch, token + r, kvHead);
    let valueRow = valueAt(batch, token + r, kvHead);
    addGradient(keyRow, chunk + other, ofRow(s0.keys, r));
    addGradient(valueRow, chunk + other, ofRow(s0.values, r));
    if (CHUNKS > 1u) {
      addGradient(keyRow, chunk + 8u + other, ofRow(s1.keys, r));
      addGradient(valueRow, chunk + 8u + other, ofRow(s1.values, r));
    }
  }
}
