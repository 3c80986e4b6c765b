// sums += terms over `count` elements, read by vec4f. One invocation adds one. What lies past the end of sums, which may be
// a window of a larger tensor, stays as it is.
struct Params { count: u32 }

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read_write> sums: array<vec4f>;
@group(0) @binding(1) var<storage, read> terms: array<vec4f>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (workgroup.y * count.x + workgroup.x) * WORKGROUP + lane;
  if (4u * index >= params.count) { return; }
  let inside = vec4u(4u * index) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.count);
  sums[index] += select(vec4f(), terms[index], inside);
}
