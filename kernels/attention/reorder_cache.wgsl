// Copies rows of a cache: row b of `reordered` becomes row parents[b] of `cache`, slots 0..used - 1 of it.
// cache, reordered: B S K; parents: B. One invocation copies one vec4f.
struct Params { count: u32, used: u32, row: u32 }

@group(0) @binding(0) var<storage, read> cache: array<vec4f>;
@group(0) @binding(1) var<storage, read> parents: array<u32>;
@group(0) @binding(2) var<storage, read_write> reordered: array<vec4f>;
@group(0) @binding(3) var<uniform> params: Params;

fn compute(index: u32) {
  if (index >= params.count) { return; }
  let row = index / params.used;
  let i = index % params.used;
  reordered[row * params.row + i] = cache[parents[row] * params.row + i];
}
