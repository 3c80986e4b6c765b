// out = x and y side by side; dX and dY are columns of dOut.
// x: N A; y: N B; out, dOut: N (A + B); columns: N width, the columns of dOut from `first`. Sizes are in blocks, of
// four numbers where A and B are multiples of 4, of one otherwise. One invocation copies one block.
struct Params { rows: u32, first: u32, width: u32, outWidth: u32 }

@group(0) @binding(0) var<storage, read> x: array<Block>;
@group(0) @binding(1) var<storage, read> y: array<Block>;
@group(0) @binding(2) var<storage, read_write> out: array<Block>;
@group(0) @binding(3) var<storage, read> dOut: array<Block>;
@group(0) @binding(4) var<storage, read_write> columns: array<Block>;
@group(0) @binding(5) var<uniform> params: Params;

// x is the first `width` columns of out.
fn forward(i: u32) {
  let row = i / params.outWidth;
  if (row >= params.rows) { return; }
  let column = i - row * params.outWidth;
  if (column < params.width) {
    out[i] = loadX(row * params.width + column);
  } else {
    out[i] = loadY(row * (params.outWidth - params.width) + column - params.width);
  }
}

fn backward(i: u32) {
  let row = i / params.width;
  if (row >= params.rows) { return; }
  columns[i] = loadDOut(row * params.outWidth + params.first + i - row * params.width);
}
