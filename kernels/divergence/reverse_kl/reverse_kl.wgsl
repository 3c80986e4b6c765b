// KL(q || p): term q (log q - log p); slope q (log q - log p + 1), from which q is subtracted.
struct Params { rows: u32, blocks: u32, inverseTemperature: f32 }

fn term(logP: Block, logQ: Block) -> Block { return exp(logQ) * (logQ - logP); }

fn slope(logP: Block, logQ: Block) -> Block { return term(logP, logQ); }
