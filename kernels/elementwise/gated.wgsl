// The interface of a gated unit: out = activation(gate) up.
// x, dX: N 2F, a row's F gates before its F ups; out, dOut: N F. `width` is F in blocks, of four numbers where F
// is a multiple of 4, of one otherwise. One invocation computes one block of out, or its two of dX.
struct Params { rows: u32, width: u32 }

@group(0) @binding(0) var<storage, read> x: array<Block>;
@group(0) @binding(1) var<storage, read_write> out: array<Block>;
@group(0) @binding(2) var<storage, read> dOut: array<Block>;
@group(0) @binding(3) var<storage, read_write> dX: array<Block>;
@group(0) @binding(4) var<uniform> params: Params;

