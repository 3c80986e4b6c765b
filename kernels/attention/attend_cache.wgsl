// Attention from one new token per row to keys and values that are kept: one workgroup owns one head of one row.
struct Params {
  slot: u32, heads: u32, kvHeads: u32, headVecs: u32, scale: f32, queryStride: u32, rowStride: u32, slotStride: u32, valueOffset: u32,
}

override CAPACITY: u32 = 64u;

BINDINGS // of attend_cache_bindings.wgsl

var<workgroup> weights: array<f32, CAPACITY>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = rowOfWorkgroup(workgroup, count);
  let batch = index / params.heads;
  if (done[batch] != 0u) { return; }
  let head = index % params.heads;
  let kvHead = head / (params.heads / params.kvHeads);
  let first = spans[batch].x;
  let end = min(spans[batch].y, params.slot + 1u);
  let query = batch * params.queryStride + head * params.headVecs;
  let stride = params.slotStride;
  let row = batch * params.rowStride + kvHead * params.headVecs;

  var largest = -1e30;
  for (var s = first + lane; s < end; s += WORKGROUP) {
    var score = 0.0;
    for (var i = 0u; i < params.headVecs; i++) { score += dot(loadQueries(query + i), loadKeys(row + s * stride + i)); }
    score = withDistance(score * params.scale, params.slot - s, head);
    weights[s] = score;
    largest = max(largest, score);
  }
  largest = workgroupMax(largest, lane);
  var total = 0.0;
  for (var s = first + lane; s < end; s += WORKGROUP) {
    let weight = exp(weights[s] - largest);
    weights[s] = weight;
    total += weight;
  }
  total = workgroupSum(total, lane);
  for (var i = lane; i < params.headVecs; i += WORKGROUP) {
    var sum = vec4f();
    for (var s = first; s < end; s++) { sum = fma(vec4f(weights[s]), loadValues(row + params.valueOffset + s * stride + i), sum); }
    out[index * params.headVecs + i] = sum / total;
  }
}
