// A block is one number of a row: for rows of any length.
alias Block = f32;
alias SignedBlock = i32;
alias UnsignedBlock = u32;
const BLOCK_SIZE = 1u;

fn totalOf(x: Block) -> f32 { return x; }
fn largestOf(x: Block) -> f32 { return x; }
fn entryOf(x: Block, index: u32) -> f32 { return x; }

// 1 at the given column of a row, 0 elsewhere.
fn oneHot(block: u32, column: u32) -> Block { return select(0.0, 1.0, block == column); }

