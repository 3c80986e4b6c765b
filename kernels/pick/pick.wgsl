// out = values[id]; dValues = dOut at the picked entry of each row, 0 elsewhere.
// values, dValues: N V; ids, out, dOut: N. One workgroup owns one row.
struct Params { rows: u32, blocks: u32 }

@group(0) @binding(0) var<storage, read> values: array<Block>;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<storage, read> dOut: array<f32>;
@group(0) @binding(4) var<storage, read_write> dValues: array<Block>;
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = rowOfWorkgroup(workgroup, count);
  if (row >= params.rows || lane > 0u) { return; }
  let id = ids[row];
  out[row] = entryOf(values[row * params.blocks + id / BLOCK_SIZE], id % BLOCK_SIZE);
}

@compute @workgroup_size(WORKGROUP)
fn backward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = rowOfWorkgroup(workgroup, count);
  if (row >= params.rows) { return; }
  let start = row * params.blocks;
  let id = ids[row];
  for (var block = lane; block < params.blocks; block += WORKGROUP) {
    dValues[start + block] = dOut[row] * oneHot(block, id);
  }
}
