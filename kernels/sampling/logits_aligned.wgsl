// Reads logits four at a time where V is a multiple of 4. logits: B V.
@group(0) @binding(0) var<storage, read> logits: array<vec4f>;

fn logitsAt(row: u32, vec: u32) -> vec4f { return loadLogits(row * (params.vocabSize / 4u) + vec); }
