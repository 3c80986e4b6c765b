// shares = gHead / (gHead + gTail), g = sum |p - q| over the head and over the tail, p = softmax_V(teacher), q =
// softmax_V(student). The head is the smallest set of tokens with teacher >= threshold whose mass reaches headMass. 1/2
// where both g are 0. student, teacher: N V; shares: N. A row of the student is read twice, one of
// the teacher about ten times. The threshold is the logit of a token. It is found by bisection between bounds that
// move to the next token, which is exact and needs no sort. Its log p is at least lowest = log((1 - headMass) / 2 V),
// because the tokens that are not above it, V at most, have more than 1 - headMass. Such bounds meet after 160
// halvings at the latest, because floats end at 2^-149.
struct Params { rows: u32, blocks: u32, headMass: f32, lowest: f32 }

@group(0) @binding(0) var<storage, read> student: array<Block>;
@group(0) @binding(1) var<storage, read> teacher: array<Block>;
@group(0) @binding(2) var<storage, read_write> shares: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

// For the tokens from a level on: their mass, relative to that of the likeliest, and their lowest logit. For those
// below: their highest logit.
struct Split { mass: f32, above: f32, below: f32 }

fn compute(row: u32, lane: u32) {
  let start = row * params.blocks;
  var studentShare = emptyShare();
  var teacherShare = emptyShare();
  for (var block = lane; block < params.blocks; block += ROW_LANES) {
    studentShare = withBlock(studentShare, loadStudent(start + block), Block(0.0));
    teacherShare = withBlock(teacherShare, loadTeacher(start + block), Block(0.0));
  }
  let studentSum = rowOfShares(studentShare, lane).logSumExp;
  let teacherSum = rowOfShares(teacherShare, lane).logSumExp;

  let threshold = thresholdOf(start, lane, teacherSum);
  var head = Block(0.0);
  var tail = Block(0.0);
  for (var block = lane; block < params.blocks; block += ROW_LANES) {
    let logit = loadTeacher(start + block);
    let gap = abs(exp(logSoftmax(logit, teacherSum)) - exp(logSoftmax(loadStudent(start + block), studentSum)));
    let isHead = logit >= Block(threshold);
    head += select(Block(0.0), gap, isHead);
    tail += select(gap, Block(0.0), isHead);
  }
  let headGap = rowSum(totalOf(head), lane);
  let tailGap = rowSum(totalOf(tail), lane);
  if (lane == 0u) {
    shares[row] = select(headGap / (headGap + tailGap), 0.5, headGap + tailGap == 0.0);
  }
}

// The largest logit from which on the mass reaches headMass. Always low <= threshold <= high, and high is the logit
// of a token.
fn thresholdOf(start: u32, lane: u32, teacherSum: vec2f) -> f32 {
  let need = params.headMass * exp(teacherSum.y);
  var low = teacherSum.x + (teacherSum.y + params.lowest);
  var high = teacherSum.x;
  var level = high; // the likeliest token alone often reaches it
  loop {
    let split = splitAt(level, start, lane, teacherSum.x);
    if (split.mass >= need) { low = split.above; } else { high = split.below; }
    level = low + 0.5 * (high - low);
    if (level <= low) { level = high; }
    if (rowAgrees(low >= high, lane)) { break; }
  }
  return high;
}

fn splitAt(level: f32, start: u32, lane: u32, largest: f32) -> Split {
  var masses = Block(0.0);
  var above = Block(largest);
  var below = Block(LOWEST);
  for (var block = lane; block < params.blocks; block += ROW_LANES) {
    let logit = loadTeacher(start + block);
    let isAbove = logit >= Block(level);
    masses += select(Block(0.0), exp(logit - Block(largest)), isAbove);
    above = select(above, min(above, logit), isAbove);
    below = select(max(below, logit), below, isAbove);
  }
  let mass = rowSum(totalOf(masses), lane);
  return Split(mass, -rowMax(largestOf(-above), lane), rowMax(largestOf(below), lane));
}
