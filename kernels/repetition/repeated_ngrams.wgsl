// logits[b, v] = LOWEST where v would complete a run of `size` tokens that row b has already, in place.
// logits: B V; prompts: B P, of which the first lengths[b] count; tokens: step by step, STRIDE apart, those written so far.
// An item is a place of a row: it compares the size - 1 tokens from there with the last ones, and rules out the next.
struct Params { batch: u32, vocabSize: u32, promptTokens: u32, stride: u32, written: u32, size: u32 }

const LOWEST = -3.4028234e38;

@group(0) @binding(0) var<storage, read_write> logits: array<f32>;
@group(0) @binding(1) var<storage, read> prompts: array<u32>;
@group(0) @binding(2) var<storage, read> lengths: array<u32>;
@group(0) @binding(3) var<storage, read> tokens: array<u32>;
@group(0) @binding(4) var<uniform> params: Params;

fn tokenAt(row: u32, length: u32, place: u32) -> u32 {
  if (place < length) { return prompts[row * params.promptTokens + place]; }
  return tokens[(place - length) * params.stride + row];
}

fn compute(i: u32) {
  let places = params.promptTokens + params.written;
  let row = i / places;
  if (row >= params.batch) { return; }
  let length = lengths[row];
  let total = length + params.written;
  let first = i - row * places;
  if (first + params.size > total) { return; }
  let end = total - (params.size - 1u);
  for (var k = 0u; k + 1u < params.size; k++) {
    if (tokenAt(row, length, first + k) != tokenAt(row, length, end + k)) { return; }
  }
  // Several places may rule out the same token: all write the same number. A prompt may have ids that the logits do not.
  let token = tokenAt(row, length, first + params.size - 1u);
  if (token < params.vocabSize) { logits[row * params.vocabSize + token] = LOWEST; }
}
