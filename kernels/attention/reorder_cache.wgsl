// Copies rows of a cache: row b of `reordered` becomes row parents[b] of `cache`, slots 0..used - 1 of it.
// cache, reordered: S B K; parents: B. An item is one vec4f; `row` counts the vec4s of one slot of a row.
struct Params { count: u32, rows: u32, row: u32 }

@group(0) @binding(0) var<storage, read> cache: array<vec4f>;
@group(0) @binding(1) var<storage, read> parents: array<u32>;
@group(0) @binding(2) var<storage, read_write> reordered: array<vec4f>;
@group(0) @binding(3) var<uniform> params: Params;

fn compute(index: u32) {
  if (index >= params.count) { return; }
  let slot = index / (params.rows * params.row);
  let row = index / params.row % params.rows;
  reordered[index] = loadCache((slot * params.rows + parents[row]) * params.row + index % params.row);
}
