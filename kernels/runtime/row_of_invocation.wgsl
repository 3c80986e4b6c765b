
// The entry point of row kernels whose invocations own one row each, without shared memory or barriers, for CPU drivers.
override WORKGROUP: u32 = 8u;
const ROW_LANES = 1u;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) index: u32) {
  let row = (workgroup.y * count.x + workgroup.x) * WORKGROUP + index;
  if (row < params.rows) { COMPUTE_ROW(row, 0u); }
}

fn rowSum(value: f32, lane: u32) -> f32 { return value; }
fn rowMax(value: f32, lane: u32) -> f32 { return value; }
fn rowAgrees(value: bool, lane: u32) -> bool { return value; }
