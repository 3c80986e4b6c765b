// The tanh approximation of GELU (Hendrycks & Gimpel 2016), for a Block of one number or four:
// gelu(x) = x s, s = (1 + tanh u) / 2 = 1 / (1 + exp(-2u)); the last form keeps the digits of the tail,
// u = sqrt(2 / pi) (x + 0.044715 x^3).
const SQRT_2_OVER_PI = 0.7978845608;
const CUBIC = 0.044715;
const LIMIT = 9.9; // beyond it, gelu is its argument or 0 to 36 digits

// exp(-2u), with x clamped so that it is finite.
fn inverseOdds(value: Block) -> Block {
  let held = max(value, Block(-LIMIT));
  return exp(-2.0 * SQRT_2_OVER_PI * (held + CUBIC * held * held * held));
}

// 2u'; s' = s (1 - s) 2u', and 1 - s = exp(-2u) s loses no digits where s is near 1.
fn logOddsSlope(value: Block) -> Block { return 2.0 * SQRT_2_OVER_PI * (1.0 + 3.0 * CUBIC * value * value); }

