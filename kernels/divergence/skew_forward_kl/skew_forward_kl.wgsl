// KL(p || m), m = a p + (1 - a) q: term p (log p - log m); slope -(1 - a) p q / m, to which (1 - a) q is added.
struct Params { rows: u32, blocks: u32, inverseTemperature: f32, skew: f32 }

fn term(logP: Block, logQ: Block) -> Block { return exp(logP) * (logP - logMixture(params.skew, logP, logQ)); }

fn slope(logP: Block, logQ: Block) -> Block {
  let logM = logMixture(params.skew, logP, logQ);
  return (1.0 - params.skew) * (exp(logQ) - exp(logQ + (logP - logM)));
}
