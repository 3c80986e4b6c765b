// out = max(x, 0); dX = dOut where x > 0, else 0. All bindings: any shape as vec4f; those past its end are padding.
// One invocation computes four numbers.
struct Params { vecs: u32 }

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(2) var<storage, read> dOut: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dX: array<vec4f>;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.y * count.x + workgroup.x) * WORKGROUP + lane;
  if (i < params.vecs) { out[i] = max(x[i], vec4f()); }
}

@compute @workgroup_size(WORKGROUP)
fn backward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.y * count.x + workgroup.x) * WORKGROUP + lane;
  if (i < params.vecs) { dX[i] = select(vec4f(), dOut[i], x[i] > vec4f()); }
}
