
// The entry point of kernels that sum over rows, column by column: an invocation owns a block of columns, and a workgroup along y owns its
// share of the rows, which are added in order. `at` is where the sums of a share are stored.
override WORKGROUP: u32 = 64u;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column = workgroup.x * WORKGROUP + lane;
  if (column >= params.blocks) { return; }
  let share = (params.rows + params.parts - 1u) / params.parts;
  let first = workgroup.y * share;
  COMPUTE_COLUMN(column, first, min(params.rows, first + share), workgroup.y * params.blocks + column);
}
