// -1/(ab) sum_V [p^a q^b - a/(a+b) p^(a+b) - b/(a+b) q^(a+b)]: as b/(a+b) = 1 - a/(a+b), the bracket is a difference of
// differences, both exactly 0 at p = q; slope (q^(a+b) - p^a q^b) / a.
struct Params { rows: u32, blocks: u32, inverseTemperature: f32, alpha: f32, beta: f32 }

// p^a q^b - q^(a+b).
fn crossPower(logP: Block, logQ: Block) -> Block {
  let power = (params.alpha + params.beta) * logQ;
  return exp(power + params.alpha * (logP - logQ)) - exp(power);
}

fn term(logP: Block, logQ: Block) -> Block {
  let degree = params.alpha + params.beta;
  let powers = exp(degree * logP) - exp(degree * logQ);
  return (params.alpha / degree * powers - crossPower(logP, logQ)) / (params.alpha * params.beta);
}

fn slope(logP: Block, logQ: Block) -> Block { return -crossPower(logP, logQ) / params.alpha; }
