// Philox4x32-10 (Salmon et al. 2011, section 3.3), bit for bit as philox.ts: a keyed bijection of 128-bit counters.
// WGSL has no 64-bit product, so its upper word is assembled from products of 16-bit halves.
const PHILOX_ROUNDS = 10u;

fn philox4x32(startCounter: vec4u, startKey: vec2u) -> vec4u {
  // Not at module scope, because Deno 2.9's WGSL compiler refuses vector constants after an array sized by an override.
  const multipliers = vec2u(0xd2511f53u, 0xcd9e8d57u);
  const weyl = vec2u(0x9e3779b9u, 0xbb67ae85u);
  var counter = startCounter;
  var key = startKey;
  for (var round = 0u; round < PHILOX_ROUNDS; round++) {
    let high = multiplyHigh(multipliers, counter.xz);
    let low = multipliers * counter.xz;
    counter = vec4u(high.y ^ counter.y ^ key.x, low.y, high.x ^ counter.w ^ key.y, low.x);
    key += weyl;
  }
  return counter;
}

// The upper 32 bits of a * b. No partial sum exceeds 32 bits.
fn multiplyHigh(a: vec2u, b: vec2u) -> vec2u {
  let lowA = a & vec2u(0xffffu);
  let highA = a >> vec2u(16u);
  let lowB = b & vec2u(0xffffu);
  let highB = b >> vec2u(16u);
  let middle = highA * lowB + ((lowA * lowB) >> vec2u(16u));
  let carry = lowA * highB + (middle & vec2u(0xffffu));
  return highA * highB + (middle >> vec2u(16u)) + (carry >> vec2u(16u));
}

// A number in (0, 1) from the upper 23 bits of a word: the middle of one of 2^23 equal intervals, exact in f32.
fn uniformOfWord(word: u32) -> f32 { return (f32(word >> 9u) + 0.5) * 0x1p-23; }
