// w KL(p || m) + (1 - w) KL(q || m), m = w p + (1 - w) q: slope (1 - w) q (log q - log m), because the contribution of
// the change of m and the 1 of d q log q cancel.
struct Params { rows: u32, blocks: u32, inverseTemperature: f32, weight: f32 }

fn term(logP: Block, logQ: Block) -> Block {
  let logM = logMixture(params.weight, logP, logQ);
  return params.weight * exp(logP) * (logP - logM) + (1.0 - params.weight) * exp(logQ) * (logQ - logM);
}

fn slope(logP: Block, logQ: Block) -> Block {
  return (1.0 - params.weight) * exp(logQ) * (logQ - logMixture(params.weight, logP, logQ));
}
