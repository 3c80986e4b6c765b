// KL(p || q): term p (log p - log q); slope -p, to which q is added.
struct Params { rows: u32, blocks: u32, inverseTemperature: f32 }

fn term(logP: Block, logQ: Block) -> Block { return exp(logP) * (logP - logQ); }

fn slope(logP: Block, logQ: Block) -> Block { return exp(logQ) - exp(logP); }
