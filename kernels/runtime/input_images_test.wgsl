// Reads the same numbers in every form that an image can have. vecs, ids: N / 4; pairs: N / 2; numbers, out: N.
struct Params { count: u32, factor: f32 }

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> vecs: array<vec4f>;
@group(0) @binding(1) var<storage, read> pairs: array<vec2f>;
@group(0) @binding(2) var<storage, read> numbers: array<f32>;
@group(0) @binding(3) var<storage, read> idVecs: array<vec4u>;
@group(0) @binding(4) var<storage, read> idPairs: array<vec2u>;
@group(0) @binding(5) var<storage, read> ids: array<u32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;
@group(0) @binding(7) var<uniform> params: Params;

// out = vecs + 2 pairs + 4 numbers.
@compute @workgroup_size(WORKGROUP)
fn sum(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = workgroup.x * WORKGROUP + lane;
  if (i >= params.count) { return; }
  out[i] = loadVecs(i / 4u)[i % 4u] + 2.0 * loadPairs(i / 2u)[i % 2u] + 4.0 * loadNumbers(i);
}

// The same for integers.
@compute @workgroup_size(WORKGROUP)
fn sumIds(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = workgroup.x * WORKGROUP + lane;
  if (i >= params.count) { return; }
  out[i] = f32(loadIdVecs(i / 4u)[i % 4u] + 2u * loadIdPairs(i / 2u)[i % 2u] + 4u * loadIds(i));
}

// out = factor numbers.
@compute @workgroup_size(WORKGROUP)
fn scale(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = workgroup.x * WORKGROUP + lane;
  if (i < params.count) { out[i] = params.factor * loadNumbers(i); }
}
