// As embedding.wgsl, of a table that lies in several blocks of rows. A dispatch serves one block: rows `first` to `first + rows` of the table.
// table, dTable: rows C; ids: N; links: N 2, made by embedding.wgsl; out, dOut: N C. Ids of other blocks are left to their dispatches.
struct Params { count: u32, width: u32, first: u32, rows: u32 }

@group(0) @binding(0) var<storage, read> table: array<Block>;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<Block>;
@group(0) @binding(3) var<storage, read> savedLinks: array<vec2u>;
@group(0) @binding(4) var<storage, read> dOut: array<Block>;
@group(0) @binding(5) var<storage, read_write> dTable: array<Block>;
@group(0) @binding(6) var<uniform> params: Params;

fn forward(i: u32) {
  let n = i / params.width;
  if (n >= params.count) { return; }
  let row = ids[n] - params.first; // an id below the block wraps around, far above it
  if (row < params.rows) { out[i] = loadTable(row * params.width + i - n * params.width); }
}

fn gather(i: u32) {
  let n = i / params.width;
  if (n >= params.count || savedLinks[n].x == 0u) { return; }
  let row = ids[n] - params.first;
  if (row >= params.rows) { return; }
  let column = i - n * params.width;
  var sum = loadDOut(i);
  for (var m = savedLinks[n].y; m < params.count; m = savedLinks[m].y) { sum += loadDOut(m * params.width + column); }
  dTable[row * params.width + column] = sum;
}
