// logits[b, v] where v has occurred in row b: divided by the penalty where positive, else multiplied by it, in place.
// logits, seen: B V; last: B, the tokens that came last, which are noted in `seen`. One item is one logit.
struct Params { count: u32, vocabSize: u32, penalty: f32 }

@group(0) @binding(0) var<storage, read_write> logits: array<f32>;
@group(0) @binding(1) var<storage, read_write> seen: array<u32>;
@group(0) @binding(2) var<storage, read> last: array<u32>;
@group(0) @binding(3) var<uniform> params: Params;

fn compute(i: u32) {
  if (i >= params.count) { return; }
  let row = i / params.vocabSize;
  if (last[row] == i - row * params.vocabSize) { seen[i] = 1u; }
  if (seen[i] == 0u) { return; }
  let value = logits[i];
  logits[i] = select(value * params.penalty, value / params.penalty, value > 0.0);
}
