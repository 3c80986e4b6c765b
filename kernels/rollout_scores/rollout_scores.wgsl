// logRatioReward: out = clamp((teacher - student) / scale, -limit, limit).
// mixtureLogProb: out = log((1 - teacherWeight) exp(student) + teacherWeight exp(teacher)), around the larger of the two.
// All bindings: N as vec4f; those past the end are padding. One invocation computes four numbers.
struct Params { vecs: u32, scale: f32, limit: f32, teacherWeight: f32 }

@group(0) @binding(0) var<storage, read> teacher: array<vec4f>;
@group(0) @binding(1) var<storage, read> student: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(3) var<uniform> params: Params;

fn logRatioReward(i: u32) {
  if (i >= params.vecs) { return; }
  out[i] = clamp((loadTeacher(i) - loadStudent(i)) / params.scale, vec4f(-params.limit), vec4f(params.limit));
}

fn mixtureLogProb(i: u32) {
  if (i >= params.vecs) { return; }
  let largest = max(loadTeacher(i), loadStudent(i));
  let weighted = (1.0 - params.teacherWeight) * exp(loadStudent(i) - largest) + params.teacherWeight * exp(loadTeacher(i) - largest);
  out[i] = largest + log(weighted);
}
