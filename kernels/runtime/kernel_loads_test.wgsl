// A kernel that loads a binding; tests put other types and bodies in their places.
alias Block = vec4f;
@group(0) @binding(0) var<storage, read> dOut: array<Block>;
@group(0) @binding(1) var<storage, read_write> out: array<vec4f>;

@compute @workgroup_size(1)
fn main() { out[0] = loadDOut(1u); }
