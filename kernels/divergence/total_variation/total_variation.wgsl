// 1/2 sum_V |p - q|: term |p - q| / 2; slope q sign(q - p) / 2, with the subgradient 0 at equality.
struct Params { rows: u32, blocks: u32, inverseTemperature: f32 }

fn term(logP: Block, logQ: Block) -> Block { return 0.5 * abs(exp(logP) - exp(logQ)); }

fn slope(logP: Block, logQ: Block) -> Block { return 0.5 * exp(logQ) * sign(exp(logQ) - exp(logP)); }
