
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

LANE_SUMS // rowSum and rowMax: see lanes.wgsl

// The value of lane 0, in all lanes of a row, for loops that have to end together.
fn rowAgrees(value: bool, lane: u32) -> bool {
  if (lane == 0u) { agreed = u32(value); }
  return workgroupUniformLoad(&agreed) != 0u;
}
