// target += source, elementwise over `vecs` vec4f. One invocation adds one.
struct Params { vecs: u32 }

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read_write> sums: array<vec4f>;
@group(0) @binding(1) var<storage, read> terms: array<vec4f>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (workgroup.y * count.x + workgroup.x) * WORKGROUP + lane;
  if (index < params.vecs) { sums[index] += terms[index]; }
}
