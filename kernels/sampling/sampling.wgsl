// One token per row: by inverse CDF from softmax(logits / temperature) restricted to top-k, then top-p; or the argmax.
// logits: B V (read four at a time, by logits_aligned.wgsl or logits_unaligned.wgsl); rows, done: B; tokens: B T.
// One workgroup owns one row. Tokens are ranked by logit, the lower id first among equals. A restriction is a Cut: a threshold on
// the logits' ordered bits, found by bisection over the 32 bits (exact, without a sort), and a quota of tokens equal to it.
// Each lane sums a contiguous share of the vocabulary, in an order that depends on V and WORKGROUP only.
struct Params {
  batch: u32, vocabSize: u32, columns: u32, column: u32, step: u32, inverseTemperature: f32, topK: u32, topP: f32,
  seed: u32, purpose: u32, eosId: u32, padId: u32
}

const LOWEST = -3.4028234e38;
const LARGEST = 3.4028234e38;
const SMALLEST_EXPONENT = -87.0; // below it exp() is subnormal or 0, depending on the driver; here it is 0

@group(0) @binding(1) var<storage, read> rows: array<u32>;
@group(0) @binding(2) var<storage, read_write> tokens: array<u32>;
@group(0) @binding(3) var<storage, read_write> done: array<u32>;
@group(0) @binding(4) var<uniform> params: Params;

// Keeps the tokens whose key is above `key`, and the first `quota` of those whose key equals it.
struct Cut { key: u32, quota: u32 }

// The share that contains the sampled token, and the mass before it in that share.
struct Choice { lane: u32, mass: f32 }

struct Walk { mass: f32, token: u32 }

var<workgroup> rowIsDone: u32;
var<workgroup> laneTokens: array<u32, WORKGROUP>;
var<workgroup> laneEquals: array<u32, WORKGROUP>;
var<workgroup> laneMasses: array<f32, WORKGROUP>;
var<workgroup> choice: Choice;

@compute @workgroup_size(WORKGROUP)
fn sample(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = rowOfWorkgroup(workgroup, count);
  if (row >= params.batch) { return; }
  if (padIfDone(row, lane)) { return; }
  let largest = largestLogit(row, lane);
  var cut = Cut(0u, 0u);
  if (params.topK > 0u) { cut = cutTopK(row, lane, largest); }
  if (params.topP < 1.0) { cut = cutTopP(row, lane, largest, cut); }

  let share = shareOf(lane);
  let rank = equalsBefore(row, lane, share, cut);
  laneMasses[lane] = walk(row, share, rank, largest, cut, LARGEST).mass;
  workgroupBarrier();
  if (lane == 0u) {
    let word = philox4x32(vec4u(params.step, rows[row], params.purpose, 0u), vec2u(params.seed, 0u)).x;
    choice = chooseShare(uniformOfWord(word));
  }
  workgroupBarrier();
  if (lane == choice.lane) { writeToken(row, walk(row, share, rank, largest, cut, choice.mass).token); }
}

@compute @workgroup_size(WORKGROUP)
fn greedy(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = rowOfWorkgroup(workgroup, count);
  if (row >= params.batch) { return; }
  if (padIfDone(row, lane)) { return; }
  let largest = largestLogit(row, lane);
  var first = params.vocabSize - 1u;
  for (var vec = lane; vec < vecsOfRow(); vec += WORKGROUP) {
    let values = logitsAt(row, vec);
    for (var i = 0u; i < 4u; i++) {
      if (values[i] == largest) { first = min(first, 4u * vec + i); }
    }
  }
  laneTokens[lane] = first;
  workgroupBarrier();
  if (lane == 0u) {
    for (var other = 1u; other < WORKGROUP; other++) { first = min(first, laneTokens[other]); }
    writeToken(row, first);
  }
}

fn vecsOfRow() -> u32 { return (params.vocabSize + 3u) / 4u; }

// The first vec of the share that a lane sums, and the vec after its last.
fn shareOf(lane: u32) -> vec2u {
  let size = (vecsOfRow() + WORKGROUP - 1u) / WORKGROUP;
  return min(vec2u(lane, lane + 1u) * size, vec2u(vecsOfRow()));
}

fn padIfDone(row: u32, lane: u32) -> bool {
  if (lane == 0u) {
    rowIsDone = done[row];
    if (rowIsDone != 0u) { tokens[row * params.columns + params.column] = params.padId; }
  }
  return workgroupUniformLoad(&rowIsDone) != 0u;
}

fn writeToken(row: u32, token: u32) {
  tokens[row * params.columns + params.column] = token;
  if (token == params.eosId) { done[row] = 1u; }
}

fn largestLogit(row: u32, lane: u32) -> f32 {
  var largest = vec4f(LOWEST);
  for (var vec = lane; vec < vecsOfRow(); vec += WORKGROUP) { largest = max(largest, logitsAt(row, vec)); }
  return workgroupMax(max(max(largest.x, largest.y), max(largest.z, largest.w)), lane);
}

// Probabilities up to a common factor.
fn weightsOf(values: vec4f, largest: f32) -> vec4f {
  let exponents = (values - largest) * params.inverseTemperature;
  return select(exp(exponents), vec4f(), exponents < vec4f(SMALLEST_EXPONENT));
}

// Unsigned integers in the order of the numbers; both zeros have the same key.
fn keysOf(values: vec4f) -> vec4u {
  let bits = select(bitcast<vec4u>(values), vec4u(), values == vec4f());
  return select(bits | vec4u(0x80000000u), ~bits, bits >= vec4u(0x80000000u));
}

fn weightOfKey(key: u32, largest: f32) -> f32 {
  let bits = select(~key, key & 0x7fffffffu, key >= 0x80000000u);
  return weightsOf(vec4f(bitcast<f32>(bits)), largest).x;
}

// The number of tokens whose key is at least `key`, or the sum of their weights.
fn sumFrom(key: u32, counted: bool, row: u32, lane: u32, largest: f32) -> f32 {
  var sums = vec4f();
  for (var vec = lane; vec < vecsOfRow(); vec += WORKGROUP) {
    let values = logitsAt(row, vec);
    let amounts = select(weightsOf(values, largest), vec4f(1.0), counted);
    sums += select(vec4f(), amounts, keysOf(values) >= vec4u(key));
  }
  return workgroupSum(sums.x + sums.y + sums.z + sums.w, lane);
}

// The largest key from which on the sum reaches `need`, which counts as reached at `floor`; it is the key of a token. Rounded
// sums over more tokens, in one order, are never smaller, so bisection is exact.
fn largestKeyReaching(need: f32, floor: u32, counted: bool, row: u32, lane: u32, largest: f32) -> u32 {
  var key = 0u;
  for (var bit = 0x80000000u; bit > 0u; bit >>= 1u) {
    let candidate = key | bit;
    let reached = sumFrom(candidate, counted, row, lane, largest) >= need;
    key = select(key, candidate, reached || candidate <= floor);
  }
  return key;
}

fn cutTopK(row: u32, lane: u32, largest: f32) -> Cut {
  let need = f32(params.topK);
  let key = largestKeyReaching(need, 0u, true, row, lane, largest);
  return Cut(key, u32(need - sumFrom(key + 1u, true, row, lane, largest)));
}

// The smallest set, within the tokens that `outer` keeps, whose share of their mass reaches top-p.
fn cutTopP(row: u32, lane: u32, largest: f32, outer: Cut) -> Cut {
  var total = sumFrom(outer.key + 1u, false, row, lane, largest);
  if (outer.quota > 0u) { total += f32(outer.quota) * weightOfKey(outer.key, largest); }
  let need = params.topP * total;
  let key = largestKeyReaching(need, outer.key, false, row, lane, largest);
  let missing = need - sumFrom(key + 1u, false, row, lane, largest);
  let quota = u32(max(1.0, ceil(missing / weightOfKey(key, largest))));
  return Cut(key, select(quota, min(quota, outer.quota), key == outer.key));
}

// How many tokens of the shares before this one equal the threshold.
fn equalsBefore(row: u32, lane: u32, share: vec2u, cut: Cut) -> u32 {
  if (params.topK == 0u && params.topP >= 1.0) { return 0u; }
  var equals = vec4u();
  for (var vec = share.x; vec < share.y; vec++) {
    equals += select(vec4u(), vec4u(1u), keysOf(logitsAt(row, vec)) == vec4u(cut.key));
  }
  laneEquals[lane] = equals.x + equals.y + equals.z + equals.w;
  workgroupBarrier();
  var before = 0u;
  for (var other = 0u; other < lane; other++) { before += laneEquals[other]; }
  return before;
}

// Sums the kept weights of a share until they exceed `enough`, and returns the sum and the last token added. One function
// sums and searches, so that both round alike. `firstRank`: tokens before the share that equal the threshold.
fn walk(row: u32, share: vec2u, firstRank: u32, largest: f32, cut: Cut, enough: f32) -> Walk {
  var walked = Walk(0.0, 0u);
  var rank = firstRank;
  for (var vec = share.x; vec < share.y; vec++) {
    let values = logitsAt(row, vec);
    let keys = keysOf(values);
    let weights = weightsOf(values, largest);
    for (var i = 0u; i < 4u; i++) {
      let equal = keys[i] == cut.key;
      let kept = keys[i] > cut.key || (equal && rank < cut.quota);
      rank += u32(equal);
      if (kept && weights[i] > 0.0) {
        walked = Walk(walked.mass + weights[i], 4u * vec + i);
        if (walked.mass > enough) { return walked; }
      }
    }
  }
  return walked;
}

// Falls back to the last share with any mass if rounding leaves the target past the total.
fn chooseShare(u: f32) -> Choice {
  var total = 0.0;
  for (var lane = 0u; lane < WORKGROUP; lane++) { total += laneMasses[lane]; }
  var chosen = Choice(0u, 0.0);
  var before = 0.0;
  for (var lane = 0u; lane < WORKGROUP; lane++) {
    let after = before + laneMasses[lane];
    if (laneMasses[lane] > 0.0) { chosen = Choice(lane, u * total - before); }
    if (u * total < after) { break; }
    before = after;
  }
  return chosen;
}
