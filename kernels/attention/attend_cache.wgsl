// Attention of one new token a row to keys and values that are kept: one workgroup owns one head of one row.
// queries: B rows of `queryStride` vec4s that begin with H D numbers; keys, values: Hkv D numbers of each row and slot, which are
// `rowStride` and `slotStride` vec4s apart, the values' `valueOffset` on; spans: B 2; done: B; out: B 1 H D. The token sees its row's span
// up to slot `slot`; a fragment beside this text gives a bias of the distance, or none. Rows that are done get no output.
struct Params {
  slot: u32, heads: u32, kvHeads: u32, headVecs: u32, scale: f32, queryStride: u32, rowStride: u32, slotStride: u32, valueOffset: u32,
}

override CAPACITY: u32 = 64u;

@group(0) @binding(0) var<storage, read> queries: array<vec4f>;
@group(0) @binding(1) var<storage, read> keys: array<vec4f>;
@group(0) @binding(2) var<storage, read> values: array<vec4f>;
@group(0) @binding(3) var<storage, read> spans: array<vec2u>;
@group(0) @binding(4) var<storage, read> done: array<u32>;
@group(0) @binding(5) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(10) var<uniform> params: Params;

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
