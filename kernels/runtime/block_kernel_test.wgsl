// out = (total of x, maximum of x, the entry at `column`, the sum of x times the one of `column`). One invocation.
struct Params { blocks: u32, column: u32 }

@group(0) @binding(0) var<storage, read> x: array<Block>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(1)
fn main() {
  var sum = Block();
  var picked = Block();
  var largest = largestOf(x[0]);
  for (var block = 0u; block < params.blocks; block++) {
    sum += x[block];
    picked += x[block] * oneHot(block, params.column);
    largest = max(largest, largestOf(x[block]));
  }
  out[0] = totalOf(sum);
  out[1] = largest;
  out[2] = entryOf(x[params.column / BLOCK_SIZE], params.column % BLOCK_SIZE);
  out[3] = totalOf(picked);
}
