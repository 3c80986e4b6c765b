// A block is four numbers of a row: for rows whose length is a multiple of 4.
alias Block = vec4f;
alias SignedBlock = vec4i;
alias UnsignedBlock = vec4u;
const BLOCK_SIZE = 4u;

fn totalOf(x: Block) -> f32 { return (x.x + x.y) + (x.z + x.w); }
fn largestOf(x: Block) -> f32 { return max(max(x.x, x.y), max(x.z, x.w)); }
fn entryOf(x: Block, index: u32) -> f32 { return x[index]; }

// 1 at the given column of a row, 0 elsewhere.
fn oneHot(block: u32, column: u32) -> Block {
  return select(Block(0.0), Block(1.0), vec4u(4u * block) + vec4u(0u, 1u, 2u, 3u) == vec4u(column));
}

