// out = E_{a ~ policy} f[a] = sum_V pi f, pi = softmax_V(policy), f = tanh(v), v = c exp(logScale) (log p - log q) + bias,
// p = softmax_V(teacher), q = softmax_V(student). f is held: dPolicy = dOut pi (f - out), and nothing for teacher and student;
// dLogScale = sum_N dOut sum_V pi (1 - f^2) (v - bias), whose rows are rowLogScale.
// policy, teacher, student, dPolicy: N V; out, dOut, rowLogScale: N; logScale: 1; logSumExps: N 6, of the three in this order.
struct Params { rows: u32, blocks: u32, c: f32, bias: f32 }

@group(0) @binding(0) var<storage, read> policy: array<Block>;
@group(0) @binding(1) var<storage, read> teacher: array<Block>;
@group(0) @binding(2) var<storage, read> student: array<Block>;
@group(0) @binding(3) var<storage, read> logScale: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<storage, read_write> logSumExps: array<vec2f>;
@group(0) @binding(6) var<storage, read> dOut: array<f32>;
@group(0) @binding(7) var<storage, read> savedOut: array<f32>;
@group(0) @binding(8) var<storage, read> savedLogSumExps: array<vec2f>;
@group(0) @binding(9) var<storage, read_write> dPolicy: array<Block>;
@group(0) @binding(10) var<storage, read_write> rowLogScale: array<f32>;
@group(0) @binding(11) var<uniform> params: Params;

struct LogSumExps { policy: vec2f, teacher: vec2f, student: vec2f }

fn savedOf(row: u32) -> LogSumExps {
  return LogSumExps(savedLogSumExps[3u * row], savedLogSumExps[3u * row + 1u], savedLogSumExps[3u * row + 2u]);
}

// c exp(logScale) (log p - log q): v without the bias.
fn scaledRatio(i: u32, sums: LogSumExps, scale: f32) -> Block {
  return scale * (logSoftmax(loadTeacher(i), sums.teacher) - logSoftmax(loadStudent(i), sums.student));
}

fn probability(i: u32, sums: LogSumExps) -> Block { return exp(logSoftmax(loadPolicy(i), sums.policy)); }

// As in elementwise/tanh: WGSL's own guarantees three digits only.
fn accurateTanh(value: Block) -> Block {
  let size = abs(value);
  let z = value * value;
  let small = value * ((z + 105.0) * z + 945.0) / ((15.0 * z + 420.0) * z + 945.0);
  let large = sign(value) * (1.0 - 2.0 / (exp(2.0 * min(size, Block(20.0))) + 1.0));
  return select(large, small, size < Block(0.6));
}

fn forward(row: u32, lane: u32) {
  let start = row * params.blocks;
  var policyShare = emptyShare();
  var teacherShare = emptyShare();
  var studentShare = emptyShare();
  for (var block = lane; block < params.blocks; block += ROW_LANES) {
    policyShare = withBlock(policyShare, loadPolicy(start + block), Block(0.0));
    teacherShare = withBlock(teacherShare, loadTeacher(start + block), Block(0.0));
    studentShare = withBlock(studentShare, loadStudent(start + block), Block(0.0));
  }
  let sums = LogSumExps(
    rowOfShares(policyShare, lane).logSumExp,
    rowOfShares(teacherShare, lane).logSumExp,
    rowOfShares(studentShare, lane).logSumExp,
  );
  let scale = params.c * exp(logScale[0]);
  var sum = Block(0.0);
  for (var block = lane; block < params.blocks; block += ROW_LANES) {
    let i = start + block;
    sum += probability(i, sums) * accurateTanh(scaledRatio(i, sums, scale) + params.bias);
  }
  let total = rowSum(totalOf(sum), lane);
  if (lane == 0u) {
    out[row] = total;
    logSumExps[3u * row] = sums.policy;
    logSumExps[3u * row + 1u] = sums.teacher;
    logSumExps[3u * row + 2u] = sums.student;
  }
}

fn backwardPolicy(row: u32, lane: u32) {
  let start = row * params.blocks;
  let sums = savedOf(row);
  let scale = params.c * exp(logScale[0]);
  let gradient = dOut[row];
  let mean = Block(savedOut[row]);
  for (var block = lane; block < params.blocks; block += ROW_LANES) {
    let i = start + block;
    let f = accurateTanh(scaledRatio(i, sums, scale) + params.bias);
    dPolicy[i] = gradient * probability(i, sums) * (f - mean);
  }
}

fn backwardLogScale(row: u32, lane: u32) {
  let start = row * params.blocks;
  let sums = savedOf(row);
  let scale = params.c * exp(logScale[0]);
  var sum = Block(0.0);
  for (var block = lane; block < params.blocks; block += ROW_LANES) {
    let i = start + block;
    let ratio = scaledRatio(i, sums, scale);
    let f = accurateTanh(ratio + params.bias);
    sum += probability(i, sums) * (1.0 - f) * (1.0 + f) * ratio;
  }
  let total = rowSum(totalOf(sum), lane);
  if (lane == 0u) { rowLogScale[row] = dOut[row] * total; }
}
