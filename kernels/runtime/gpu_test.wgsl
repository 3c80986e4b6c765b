// Small kernels that the tests of the runtime dispatch. x, out: N; the text of workgroup.ts comes before them.
struct Params { count: u32, value: f32 }

@group(0) @binding(0) var<storage, read> unbound: array<f32>;
@group(0) @binding(3) var<storage, read> x: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(9) var<uniform> params: Params;

// out[count] = value.
@compute @workgroup_size(1)
fn put() { out[params.count] = params.value; }

// out[row] += row, for the first `count` rows.
@compute @workgroup_size(1)
fn number(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u) {
  let row = rowOfWorkgroup(workgroup, count);
  if (row < params.count) { out[row] += f32(row); }
}

// out = value x.
@compute @workgroup_size(WORKGROUP)
fn multiply(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = rowOfWorkgroup(workgroup, count) * WORKGROUP + lane;
  if (i < params.count) { out[i] = params.value * x[i]; }
}

// out = (sum of x, maximum of x, WORKGROUP), x being as long as a workgroup.
@compute @workgroup_size(WORKGROUP)
fn reduce(@builtin(local_invocation_index) lane: u32) {
  let sum = workgroupSum(x[lane], lane);
  let largest = workgroupMax(x[lane], lane);
  if (lane == 0u) {
    out[0] = sum;
    out[1] = largest;
    out[2] = f32(WORKGROUP);
  }
}

// out[0] = rounds that `count` trips of a loop of `value` trips made.
@compute @workgroup_size(8)
fn loops(@builtin(local_invocation_index) lane: u32) {
  var rounds = 0.0;
  for (var i = 0u; i < params.count; i++) {
    for (var j = 0u; j < u32(params.value); j++) {
      rounds += 1.0;
      out[8u + lane] = rounds;
    }
  }
  out[lane] = rounds;
}
