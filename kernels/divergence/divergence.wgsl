// out = sum_V term(log p, log q), p = softmax_V(teacher / T), q = softmax_V(student / T); dStudent = dOut / T * (s - q
// slopeSum) with s = slope(log p, log q) = d term / d log q and slopeSum = sum_V s. As sum_V q = 1, slope may add any
// multiple of q: with the right one it is exactly 0 at p = q. The text before this one declares Params, term and slope.
// student, teacher, dStudent: N V; out, slopeSum, dOut: N; studentLogSumExp, teacherLogSumExp: N 2. Row by row;
// forward reads a row twice, so that it sums the terms themselves and not a difference of larger numbers.
@group(0) @binding(0) var<storage, read> student: array<Block>;
@group(0) @binding(1) var<storage, read> teacher: array<Block>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<storage, read_write> studentLogSumExp: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> teacherLogSumExp: array<vec2f>;
@group(0) @binding(5) var<storage, read_write> slopeSum: array<f32>;
@group(0) @binding(6) var<storage, read> dOut: array<f32>;
@group(0) @binding(7) var<storage, read> savedStudentLogSumExp: array<vec2f>;
@group(0) @binding(8) var<storage, read> savedTeacherLogSumExp: array<vec2f>;
@group(0) @binding(9) var<storage, read> savedSlopeSum: array<f32>;
@group(0) @binding(10) var<storage, read_write> dStudent: array<Block>;
@group(0) @binding(11) var<uniform> params: Params;

fn forward(row: u32, lane: u32) {
  let start = row * params.blocks;
  var studentShare = emptyShare();
  var teacherShare = emptyShare();
  for (var block = lane; block < params.blocks; block += ROW_LANES) {
    studentShare = withBlock(studentShare, params.inverseTemperature * loadStudent(start + block), Block(0.0));
    teacherShare = withBlock(teacherShare, params.inverseTemperature * loadTeacher(start + block), Block(0.0));
  }
  let studentSum = rowOfShares(studentShare, lane).logSumExp;
  let teacherSum = rowOfShares(teacherShare, lane).logSumExp;
  var terms = Block(0.0);
  var slopes = Block(0.0);
  for (var block = lane; block < params.blocks; block += ROW_LANES) {
    let logQ = logSoftmax(params.inverseTemperature * loadStudent(start + block), studentSum);
    let logP = logSoftmax(params.inverseTemperature * loadTeacher(start + block), teacherSum);
    terms += term(logP, logQ);
    slopes += slope(logP, logQ);
  }
  let termTotal = rowSum(totalOf(terms), lane);
  let slopeTotal = rowSum(totalOf(slopes), lane);
  if (lane == 0u) {
    out[row] = termTotal;
    slopeSum[row] = slopeTotal;
    studentLogSumExp[row] = studentSum;
    teacherLogSumExp[row] = teacherSum;
  }
}

fn backward(row: u32, lane: u32) {
  let start = row * params.blocks;
  let scale = dOut[row] * params.inverseTemperature;
  let studentSum = savedStudentLogSumExp[row];
  let teacherSum = savedTeacherLogSumExp[row];
  let slopeTotal = savedSlopeSum[row];
  for (var block = lane; block < params.blocks; block += ROW_LANES) {
    let logQ = logSoftmax(params.inverseTemperature * loadStudent(start + block), studentSum);
    let logP = logSoftmax(params.inverseTemperature * loadTeacher(start + block), teacherSum);
    dStudent[start + block] = scale * (slope(logP, logQ) - exp(logQ) * slopeTotal);
  }
}
