// Scores have a bias that depends on how many slots the key is before the query. bias: R H; buckets: S, by distance.
@group(0) @binding(6) var<storage, read> bias: array<f32>;
@group(0) @binding(7) var<storage, read> buckets: array<u32>;

fn withDistance(score: f32, distance: u32, head: u32) -> f32 { return score + bias[buckets[distance] * params.heads + head]; }
