// Scores are the products alone.
fn withDistance(score: f32, distance: u32, head: u32) -> f32 { return score; }
