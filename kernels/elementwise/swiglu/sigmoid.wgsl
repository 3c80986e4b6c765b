// exp(-gate), clamped so that it is finite: at -80 and below, the sigmoid is 0 to 34 digits.
fn inverseOdds(gate: Block) -> Block { return exp(-max(gate, Block(-80.0))); }

