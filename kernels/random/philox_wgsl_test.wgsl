// Runs philox4x32 over given counters, for the test that it equals philox.ts. counters, words: N 4; keys: N 2.
struct Params { size: u32 }

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> counters: array<vec4u>;
@group(0) @binding(1) var<storage, read> keys: array<vec2u>;
@group(0) @binding(2) var<storage, read_write> words: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> uniforms: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = workgroup.x * WORKGROUP + lane;
  if (i >= params.size) { return; }
  words[i] = philox4x32(counters[i], keys[i]);
  uniforms[i] = uniformOfWord(words[i].x);
}
