
// The entry point of the elementwise kernels: an invocation computes ITEMS items, a workgroup's width apart, so that neighbouring
// invocations read neighbouring items. Workgroups beyond one dimension's limit continue along y.
override WORKGROUP: u32 = 64u;
override ITEMS: u32 = 1u;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (workgroup.y * count.x + workgroup.x) * ITEMS * WORKGROUP + lane;
  for (var k = 0u; k < ITEMS; k++) { COMPUTE_ITEM(first + k * WORKGROUP); }
}
