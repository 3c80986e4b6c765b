// dWeight[c] = sum of dOut * x / rms over `groupHeads` heads, from `firstHead` on, of every token.
// x, dOut: tokens with `heads` heads of D side by side; savedInverseRms: a number for each head of each token; dWeight: parts D, by blocks of
// columns. The rows of the sum are the heads of the group, token by token.
struct Params { rows: u32, blocks: u32, parts: u32, heads: u32, firstHead: u32, groupHeads: u32 }

@group(0) @binding(0) var<storage, read> x: array<Block>;
@group(0) @binding(1) var<storage, read> dOut: array<Block>;
@group(0) @binding(2) var<storage, read> savedInverseRms: array<f32>;
@group(0) @binding(3) var<storage, read_write> dWeight: array<Block>;
@group(0) @binding(4) var<uniform> params: Params;

fn compute(column: u32, first: u32, end: u32, at: u32) {
  var sum = Block();
  for (var row = first; row < end; row++) {
    let head = row / params.groupHeads * params.heads + params.firstHead + row % params.groupHeads;
    let i = head * params.blocks + column;
    sum = fma(loadDOut(i), loadX(i) * loadSavedInverseRms(head), sum);
  }
  dWeight[at] = sum;
}
