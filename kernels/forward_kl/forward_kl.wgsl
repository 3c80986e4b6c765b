// out = KL(p || q) = sum_V p (log p - log q), p = softmax_V(teacher / T), q = softmax_V(student / T); dStudent = dOut (q - p) / T.
// student, teacher, dStudent: N V; out, dOut: N; studentLogSumExp, teacherLogSumExp: N 2. One workgroup owns one row; forward
// reads it twice, so that the sum is of p (log p - log q) itself and not a difference of larger numbers.
struct Params { rows: u32, blocks: u32, inverseTemperature: f32 }

@group(0) @binding(0) var<storage, read> student: array<Block>;
@group(0) @binding(1) var<storage, read> teacher: array<Block>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<storage, read_write> studentLogSumExp: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> teacherLogSumExp: array<vec2f>;
@group(0) @binding(5) var<storage, read> dOut: array<f32>;
@group(0) @binding(6) var<storage, read> savedStudentLogSumExp: array<vec2f>;
@group(0) @binding(7) var<storage, read> savedTeacherLogSumExp: array<vec2f>;
@group(0) @binding(8) var<storage, read_write> dStudent: array<Block>;
@group(0) @binding(9) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = rowOfWorkgroup(workgroup, count);
  if (row >= params.rows) { return; }
  let start = row * params.blocks;
  var studentShare = emptyShare();
  var teacherShare = emptyShare();
  for (var block = lane; block < params.blocks; block += WORKGROUP) {
    studentShare = withBlock(studentShare, params.inverseTemperature * student[start + block], Block(0.0));
    teacherShare = withBlock(teacherShare, params.inverseTemperature * teacher[start + block], Block(0.0));
  }
  let studentSum = rowOfShares(studentShare, lane).logSumExp;
  let teacherSum = rowOfShares(teacherShare, lane).logSumExp;
  var sums = Block(0.0);
  for (var block = lane; block < params.blocks; block += WORKGROUP) {
    let logQ = logSoftmax(params.inverseTemperature * student[start + block], studentSum);
    let logP = logSoftmax(params.inverseTemperature * teacher[start + block], teacherSum);
    sums = fma(exp(logP), logP - logQ, sums);
  }
  let sum = workgroupSum(totalOf(sums), lane);
  if (lane == 0u) {
    out[row] = sum;
    studentLogSumExp[row] = studentSum;
    teacherLogSumExp[row] = teacherSum;
  }
}

@compute @workgroup_size(WORKGROUP)
fn backward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = rowOfWorkgroup(workgroup, count);
  if (row >= params.rows) { return; }
  let start = row * params.blocks;
  let scale = dOut[row] * params.inverseTemperature;
  for (var block = lane; block < params.blocks; block += WORKGROUP) {
    let q = exp(logSoftmax(params.inverseTemperature * student[start + block], savedStudentLogSumExp[row]));
    let p = exp(logSoftmax(params.inverseTemperature * teacher[start + block], savedTeacherLogSumExp[row]));
    dStudent[start + block] = scale * (q - p);
  }
}
