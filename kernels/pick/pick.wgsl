// out = values[id]; dValues = dOut at the picked entry of each row, 0 elsewhere.
// values, dValues: N V; ids, out, dOut: N. Row by row.
struct Params { rows: u32, blocks: u32 }

@group(0) @binding(0) var<storage, read> values: array<Block>;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<storage, read> dOut: array<f32>;
@group(0) @binding(4) var<storage, read_write> dValues: array<Block>;
@group(0) @binding(5) var<uniform> params: Params;

fn forward(row: u32, lane: u32) {
  if (lane > 0u) { return; }
  let id = ids[row];
  out[row] = entryOf(loadValues(row * params.blocks + id / BLOCK_SIZE), id % BLOCK_SIZE);
}

fn backward(row: u32, lane: u32) {
  let start = row * params.blocks;
  let id = ids[row];
  let scale = dOut[row];
  for (var block = lane; block < params.blocks; block += ROW_LANES) {
    dValues[start + block] = scale * oneHot(block, id);
  }
}
