// What the tokens behind a page of each row begin with: the last of the page, and its logit. before: N 32.
const PAGE = 32u;

@group(0) @binding(4) var<storage, read> before: array<u32>;

fn lastOf(row: u32) -> u32 { return before[row * PAGE + PAGE - 1u]; }

fn tokenBefore(row: u32) -> f32 { return f32(lastOf(row)); }

fn valueBefore(row: u32) -> f32 {
  let last = lastOf(row);
  return entryOf(loadLogits(row * params.blocks + last / BLOCK_SIZE), last % BLOCK_SIZE);
}
