// out = numbers that are stored in fewer bits, as f32; out: any shape (widen), or N C with the rows ids of a table V C (widenRows), of which
// this is the block of rows from first on: where another has the row, out is left as it is.
// words: the numbers one after another, the first in the lowest bits; scales: one a row of C numbers, of int8 alone.
// An invocation computes four numbers; those past the end are padding. All is done by bits and by products with powers of two, because
// adapters may take subnormal halves for zero.
override FORM: u32 = 0u; // 0: f16, 1: bf16, 2: int8 with a scale a row

struct Params { count: u32, size: u32, first: u32, rows: u32 }

@group(0) @binding(0) var<storage, read> words: array<u32>;
@group(0) @binding(1) var<storage, read> scales: array<f32>;
@group(0) @binding(2) var<storage, read> ids: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> numbers: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

fn ofHalf(half: u32) -> f32 {
  let sign = (half & 0x8000u) << 16u;
  let exponent = half >> 10u & 31u;
  let mantissa = half & 1023u;
  // Subnormal: mantissa 2^-24, a normal f32.
  if (exponent == 0u) { return bitcast<f32>(sign | bitcast<u32>(f32(mantissa) * 0x1p-24)); }
  let wide = select(exponent + 112u, 255u, exponent == 31u);
  return bitcast<f32>(sign | wide << 23u | mantissa << 13u);
}

fn number(e: u32) -> f32 {
  if (FORM == 2u) {
    let byte = loadWords(e / 4u) >> (e % 4u * 8u) & 255u;
    return loadScales(e / params.size) * f32(i32(byte << 24u) >> 24u);
  }
  let half = loadWords(e / 2u) >> (e % 2u * 16u) & 0xffffu;
  if (FORM == 1u) { return bitcast<f32>(half << 16u); }
  return ofHalf(half);
}

fn all(i: u32) {
  if (i * 4u >= params.count) { return; }
  var four: vec4f;
  for (var k = 0u; k < 4u; k++) { if (i * 4u + k < params.count) { four[k] = number(i * 4u + k); } }
  out[i] = four;
}

fn rows(i: u32) {
  for (var j = i * 4u; j < min(i * 4u + 4u, params.count); j++) {
    let n = j / params.size;
    let row = ids[n] - params.first; // below first it is a large number
    if (row < params.rows) { numbers[j] = number(row * params.size + j - n * params.size); }
  }
}
