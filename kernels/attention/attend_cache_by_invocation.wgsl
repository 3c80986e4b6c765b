// The same as attend_cache.wgsl for CPU drivers, without shared memory or barriers: an invocation owns 32 dimensions of one head of one
// row, and walks the slots in order by online softmax. Wider heads take several invocations, each of which recomputes the scores.
struct Params {
  rows: u32, slot: u32, heads: u32, kvHeads: u32, headVecs: u32, chunks: u32, scale: f32,
  queryStride: u32, rowStride: u32, slotStride: u32, valueOffset: u32,
}

override WORKGROUP: u32 = 8u;

BINDINGS // of attend_cache_bindings.wgsl

const CHUNK_VECS = 8u;

// Dimensions past the head's width repeat its last four and are not stored.
fn valuesOf(at: u32, chunk: u32) -> mat4x4f {
  let last = params.headVecs - 1u;
  return mat4x4f(
    loadValues(at + min(chunk, last)), loadValues(at + min(chunk + 1u, last)),
    loadValues(at + min(chunk + 2u, last)), loadValues(at + min(chunk + 3u, last)));
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let item = (workgroup.y * count.x + workgroup.x) * WORKGROUP + lane;
  let index = item / params.chunks;
  let batch = index / params.heads;
  if (batch >= params.rows || done[batch] != 0u) { return; }
  let head = index % params.heads;
  let chunk = (item % params.chunks) * CHUNK_VECS;
  let end = min(spans[batch].y, params.slot + 1u);
  let query = batch * params.queryStride + head * params.headVecs;
  let row = batch * params.rowStride + head / (params.heads / params.kvHeads) * params.headVecs;

  var largest = -1e30;
  var total = 0.0;
  var low = mat4x4f();
  var high = mat4x4f();
  for (var s = spans[batch].x; s < end; s++) {
    let at = row + s * params.slotStride;
    var products = vec4f();
    for (var i = 0u; i < params.headVecs; i++) { products = fma(loadQueries(query + i), loadKeys(at + i), products); }
    let score = withDistance(((products.x + products.y) + (products.z + products.w)) * params.scale, params.slot - s, head);
    let newLargest = max(largest, score);
    let rescale = exp(largest - newLargest);
    let weight = exp(score - newLargest);
    largest = newLargest;
    total = total * rescale + weight;
    low = low * rescale + valuesOf(at + params.valueOffset, chunk) * weight;
    high = high * rescale + valuesOf(at + params.valueOffset, chunk + 4u) * weight;
  }
  let inverse = 1.0 / total;
  let place = index * params.headVecs;
  store(place, chunk, low[0] * inverse);
  store(place, chunk + 1u, low[1] * inverse);
  store(place, chunk + 2u, low[2] * inverse);
  store(place, chunk + 3u, low[3] * inverse);
  store(place, chunk + 4u, high[0] * inverse);
  store(place, chunk + 5u, high[1] * inverse);
  store(place, chunk + 6u, high[2] * inverse);
  store(place, chunk + 7u, high[3] * inverse);
}

fn store(place: u32, i: u32, value: vec4f) { if (i < params.headVecs) { out[place + i] = value; } }
