// KL(q || m), m = (1 - a) p + a q: term q (log q - log m); slope q (log q - log m + 1 - a q / m), from which a q is
// subtracted. It is written with p / m <= 1 / (1 - a) in place of q / m, because a q / m = 1 - (1 - a) p / m.
struct Params { rows: u32, blocks: u32, inverseTemperature: f32, skew: f32 }

fn term(logP: Block, logQ: Block) -> Block { return exp(logQ) * (logQ - logMixture(params.skew, logQ, logP)); }

fn slope(logP: Block, logQ: Block) -> Block {
  let logM = logMixture(params.skew, logQ, logP);
  return exp(logQ) * ((logQ - logM) + (1.0 - params.skew) * (exp(logP - logM) - 1.0));
}
