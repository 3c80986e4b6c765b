
// The entry point of row kernels whose workgroups own one row each: ROW_LANES invocations share a row, and sum in a fixed order.
override WORKGROUP: u32 = 64u;
override ROW_LANES: u32 = WORKGROUP;
var<workgroup> partials: array<f32, WORKGROUP>;
var<workgroup> agreed: u32;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = workgroup.y * count.x + workgroup.x;
  if (row < params.rows) { COMPUTE_ROW(row, lane); }
}

fn rowSum(value: f32, lane: u32) -> f32 {
  workgroupBarrier();
  partials[lane] = value;
  workgroupBarrier();
  for (var stride = WORKGROUP / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) { partials[lane] += partials[lane + stride]; }
    workgroupBarrier();
  }
  return partials[0];
}

fn rowMax(value: f32, lane: u32) -> f32 {
  workgroupBarrier();
  partials[lane] = value;
  workgroupBarrier();
  for (var stride = WORKGROUP / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) { partials[lane] = max(partials[lane], partials[lane + stride]); }
    workgroupBarrier();
  }
  return partials[0];
}

// What lane 0 says, in all lanes of a row: for loops that have to end together.
fn rowAgrees(value: bool, lane: u32) -> bool {
  if (lane == 0u) { agreed = u32(value); }
  return workgroupUniformLoad(&agreed) != 0u;
}
