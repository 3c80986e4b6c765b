// The bias of T5's attention (Raffel et al. 2020): one number for each head and bucket of offsets, key - query.
// bias, dBias: R H; buckets: O = 2T - 1, for the offsets from -(T - 1) on; offsetBias, dOffsetBias: H O; dDiagonals: B H, blocks of four
// queries, T + 7: dScores summed over a block, as attention writes them; spans: B 2. One invocation computes one number.
struct Params { batch: u32, tokens: u32, heads: u32, numBuckets: u32, causal: u32 }

@group(0) @binding(0) var<storage, read> bias: array<f32>;
@group(0) @binding(1) var<storage, read> buckets: array<u32>;
@group(0) @binding(2) var<storage, read_write> offsetBias: array<f32>;
@group(0) @binding(3) var<storage, read> spans: array<vec2u>;
@group(0) @binding(4) var<storage, read> dDiagonals: array<f32>;
@group(0) @binding(5) var<storage, read_write> dOffsetBias: array<f32>;
@group(0) @binding(6) var<storage, read> summedOffsets: array<f32>;
@group(0) @binding(7) var<storage, read_write> dBias: array<f32>;
@group(0) @binding(8) var<uniform> params: Params;

fn expand(index: u32) {
  let offsets = 2u * params.tokens - 1u;
  if (index >= params.heads * offsets) { return; }
  offsetBias[index] = bias[buckets[index % offsets] * params.heads + index / offsets];
}

// Sums over all texts and blocks of queries, in order. Only the part of a block's row that attention wrote is read.
fn sumOffsets(index: u32) {
  let offsets = 2u * params.tokens - 1u;
  if (index >= params.heads * offsets) { return; }
  let head = index / offsets;
  let blocks = (params.tokens + 3u) / 4u;
  var sum = 0.0;
  for (var batch = 0u; batch < params.batch; batch++) {
    let span = spans[batch];
    for (var block = 0u; block < blocks; block++) {
      let visible = select(params.tokens, 4u * block + 4u, params.causal != 0u);
      let end = min(min(span.y, params.tokens), visible);
      let place = i32(index % offsets + 4u * block + 3u) - i32(params.tokens - 1u);
      let written = i32(span.x + 4u * ((max(end, span.x) - span.x + 3u) / 4u) + 3u);
      if (end > span.x && place >= i32(span.x) && place < written) {
        sum += loadDDiagonals(((batch * params.heads + head) * blocks + block) * (params.tokens + 7u) + u32(place));
      }
    }
  }
  dOffsetBias[index] = sum;
}

fn sumBuckets(index: u32) {
  if (index >= params.numBuckets * params.heads) { return; }
  let offsets = 2u * params.tokens - 1u;
  var sum = 0.0;
  for (var offset = 0u; offset < offsets; offset++) {
    if (buckets[offset] == index / params.heads) { sum += summedOffsets[index % params.heads * offsets + offset]; }
  }
  dBias[index] = sum;
}
