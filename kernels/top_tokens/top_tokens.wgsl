// The likeliest tokens of each row: logProbs = x - log sum exp x of the `wanted` largest x, largest first, and their ids; of equals the
// smaller id first. logits: N V; logProbs, tokens: N K. One workgroup owns a row and walks it once for every token that it picks: what
// was picked is what comes before the last pick in that order, so nothing else need be remembered.
struct Params { rows: u32, vocab: u32, wanted: u32 }

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read_write> logProbs: array<f32>;
@group(0) @binding(2) var<storage, read_write> tokens: array<u32>;
@group(0) @binding(3) var<uniform> params: Params;

const LOWEST = -3.4e38;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = rowOfWorkgroup(workgroup, count);
  if (row >= params.rows) { return; }
  let start = row * params.vocab;

  var largest = LOWEST;
  for (var v = lane; v < params.vocab; v += WORKGROUP) { largest = max(largest, logits[start + v]); }
  largest = workgroupMax(largest, lane);
  var total = 0.0;
  for (var v = lane; v < params.vocab; v += WORKGROUP) { total += exp(logits[start + v] - largest); }
  let logTotal = largest + log(workgroupSum(total, lane));

  var lastValue = largest;
  var lastToken = -1.0; // ids as numbers, which are exact up to 2^24
  for (var pick = 0u; pick < params.wanted; pick++) {
    var value = LOWEST;
    var token = 0.0;
    for (var v = lane; v < params.vocab; v += WORKGROUP) {
      let x = logits[start + v];
      let isLeft = x < lastValue || (x == lastValue && f32(v) > lastToken);
      if (isLeft && x > value) {
        value = x;
        token = f32(v);
      }
    }
    lastValue = workgroupMax(value, lane);
    lastToken = -workgroupMax(select(LOWEST, -token, value == lastValue), lane);
    if (lane == 0u) {
      logProbs[row * params.wanted + pick] = lastValue - logTotal;
      tokens[row * params.wanted + pick] = u32(lastToken);
    }
  }
}
