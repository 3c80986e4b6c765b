// Reads logits four at a time where V is not a multiple of 4; past the end of a row they are LOWEST. logits: B V.
@group(0) @binding(0) var<storage, read> logits: array<f32>;

fn logitsAt(row: u32, vec: u32) -> vec4f {
  let ids = vec4u(4u * vec) + vec4u(0u, 1u, 2u, 3u);
  let last = params.vocabSize - 1u;
  let at = vec4u(row * params.vocabSize) + min(ids, vec4u(last));
  return select(vec4f(LOWEST), vec4f(loadLogits(at.x), loadLogits(at.y), loadLogits(at.z), loadLogits(at.w)), ids <= vec4u(last));
}
