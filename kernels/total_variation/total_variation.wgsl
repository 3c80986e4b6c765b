// out = 1/2 sum_V |p - q|, p = softmax_V(teacher / T), q = softmax_V(student / T). With the subgradient s = sign(q - p) / 2,
// 0 at equality: dStudent = dOut / T * q (s - meanSign), meanSign = sum_V q s, saved by forward.
// student, teacher, dStudent: N V; out, dOut, meanSign: N; studentLogSumExp, teacherLogSumExp: N 2.
// One workgroup owns one row; forward reads it twice.
struct Params { rows: u32, blocks: u32, inverseTemperature: f32 }

@group(0) @binding(0) var<storage, read> student: array<Block>;
@group(0) @binding(1) var<storage, read> teacher: array<Block>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<storage, read_write> studentLogSumExp: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> teacherLogSumExp: array<vec2f>;
@group(0) @binding(5) var<storage, read_write> meanSign: array<f32>;
@group(0) @binding(6) var<storage, read> dOut: array<f32>;
@group(0) @binding(7) var<storage, read> savedStudentLogSumExp: array<vec2f>;
@group(0) @binding(8) var<storage, read> savedTeacherLogSumExp: array<vec2f>;
@group(0) @binding(9) var<storage, read> savedMeanSign: array<f32>;
@group(0) @binding(10) var<storage, read_write> dStudent: array<Block>;
@group(0) @binding(11) var<uniform> params: Params;

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
  var distances = Block(0.0);
  var signs = Block(0.0);
  for (var block = lane; block < params.blocks; block += WORKGROUP) {
    let q = probabilities(student[start + block], studentSum);
    let p = probabilities(teacher[start + block], teacherSum);
    distances += abs(p - q);
    signs += q * sign(q - p);
  }
  let distance = workgroupSum(totalOf(distances), lane);
  let signSum = workgroupSum(totalOf(signs), lane);
  if (lane == 0u) {
    out[row] = 0.5 * distance;
    meanSign[row] = 0.5 * signSum;
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
    let q = probabilities(student[start + block], savedStudentLogSumExp[row]);
    let p = probabilities(teacher[start + block], savedTeacherLogSumExp[row]);
    dStudent[start + block] = scale * q * (0.5 * sign(q - p) - Block(savedMeanSign[row]));
  }
}

fn probabilities(z: Block, rowSum: vec2f) -> Block { return exp(logSoftmax(params.inverseTemperature * z, rowSum)); }
