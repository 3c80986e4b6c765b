// out[c] = sum_N x[n, c]. x: N C, out: parts C, by blocks of columns.
struct Params { rows: u32, blocks: u32, parts: u32 }

@group(0) @binding(0) var<storage, read> x: array<Block>;
@group(0) @binding(1) var<storage, read_write> out: array<Block>;
@group(0) @binding(2) var<uniform> params: Params;

fn compute(column: u32, first: u32, end: u32, at: u32) {
  var sum = Block();
  for (var row = first; row < end; row++) { sum += loadX(row * params.blocks + column); }
  out[at] = sum;
}
