// out = factor x; both: any shape as vec4f; those past its end are padding. One invocation computes four numbers.
struct Params { vecs: u32, factor: f32 }

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.y * count.x + workgroup.x) * WORKGROUP + lane;
  if (i < params.vecs) { out[i] = params.factor * x[i]; }
}
