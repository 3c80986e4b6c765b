// Scores are the products alone.
const HAS_DIAGONALS = false;
fn withBias(scores: mat4x4f, key: u32, token: u32, head: u32) -> mat4x4f { return scores; }
fn withBiasOfKeys(scores: mat4x4f, key: u32, query: u32, head: u32) -> mat4x4f { return scores; }
fn keepDiagonals(dScores: mat4x4f, carry: vec3f, block: u32, token: u32, key: u32) -> vec3f { return carry; }
fn keepLastDiagonals(carry: vec3f, block: u32, key: u32) {}
fn carryOf(dScores: mat4x4f, token: u32) -> vec3f { return vec3f(); }
