// Columns `first` to `first + width` of out = x. x: N width; out: N C. Sizes are in blocks, of four numbers where all of them are
// multiples of 4, of one otherwise. One invocation copies one block.
struct Params { rows: u32, first: u32, width: u32, outWidth: u32 }

@group(0) @binding(0) var<storage, read> x: array<Block>;
@group(0) @binding(1) var<storage, read_write> out: array<Block>;
@group(0) @binding(2) var<uniform> params: Params;

fn compute(i: u32) {
  let row = i / params.width;
  if (row >= params.rows) { return; }
  out[row * params.outWidth + params.first + i - row * params.width] = loadX(i);
}
