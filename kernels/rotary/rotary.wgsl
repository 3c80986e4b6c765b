// Rotary positions (Su et al. 2021), pairs (i, i + D/2) as Hugging Face's LLaMA: with a = position * theta^(-2i/D),
// out_i = x_i cos a - x_(i+D/2) sin a, out_(i+D/2) = x_(i+D/2) cos a + x_i sin a; `direction` -1 rotates back.
// x, out: B T P, heads of D side by side, of which the first `rotatedHeads` are rotated and the rest are copied;
// positions: B T; turns: D/2, the frequencies in turns, as fractions of 2^32. `half` is D/2 in blocks, of four
// numbers where D/2 is a multiple of 4, of one otherwise. One invocation turns the pairs of one block in all heads of a token.
// Angles are fractions of a turn in 32 bits, so a u32 product wraps where a turn ends; the error is 7e-10 per position.
struct Params { tokens: u32, heads: u32, rotatedHeads: u32, half: u32, direction: f32 }

const RADIANS = 1.4629180792671596e-9; // 2 pi / 2^32
const QUARTER_SHIFT = 30u;
const EIGHTH = 0x20000000u;

@group(0) @binding(0) var<storage, read> x: array<Block>;
@group(0) @binding(1) var<storage, read> positions: array<u32>;
@group(0) @binding(2) var<storage, read> turns: array<UnsignedBlock>;
@group(0) @binding(3) var<storage, read_write> out: array<Block>;
@group(0) @binding(4) var<uniform> params: Params;

struct Angle { cosine: Block, sine: Block }

// Taylor series within an eighth of a turn of the nearest quarter, with errors below 3e-8, because WGSL guarantees
// only three digits of sin and cos.
fn angleOf(fraction: UnsignedBlock) -> Angle {
  let quarter = (fraction + EIGHTH) >> UnsignedBlock(QUARTER_SHIFT);
  let r = Block(SignedBlock(fraction - (quarter << UnsignedBlock(QUARTER_SHIFT)))) * RADIANS;
  let z = r * r;
  let sine = r + r * z * (-1.0 / 6.0 + z * (1.0 / 120.0 + z * (-1.0 / 5040.0 + z * (1.0 / 362880.0))));
  let cosine = 1.0 + z * (-0.5 + z * (1.0 / 24.0 + z * (-1.0 / 720.0 + z * (1.0 / 40320.0))));
  let zero = UnsignedBlock(0u);
  let isOdd = (quarter & UnsignedBlock(1u)) != zero;
  let cosineSign = select(Block(1.0), Block(-1.0), ((quarter + 1u) & UnsignedBlock(2u)) != zero);
  let sineSign = select(Block(1.0), Block(-1.0), (quarter & UnsignedBlock(2u)) != zero);
  return Angle(cosineSign * select(cosine, sine, isOdd), sineSign * select(sine, cosine, isOdd));
}

fn compute(item: u32) {
  let token = item / params.half;
  if (token >= params.tokens) { return; }
  let pair = item - token * params.half;
  let angle = angleOf(UnsignedBlock(positions[token]) * turns[pair]);
  let sine = params.direction * angle.sine;
  for (var head = 0u; head < params.heads; head++) {
    let at = (token * params.heads + head) * 2u * params.half + pair;
    let first = loadX(at);
    let second = loadX(at + params.half);
    if (head < params.rotatedHeads) {
      out[at] = first * angle.cosine - second * sine;
      out[at + params.half] = second * angle.cosine + first * sine;
    } else {
      out[at] = first;
      out[at + params.half] = second;
    }
  }
}
