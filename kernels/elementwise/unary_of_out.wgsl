// The interface of an elementwise op of one input whose backward reads its output, which is bound as savedOut there.
// All bindings: any shape as vec4f; those past its end are padding. One invocation computes four numbers.
struct Params { vecs: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(2) var<storage, read> savedOut: array<vec4f>;
@group(0) @binding(3) var<storage, read> dOut: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> dX: array<vec4f>;
@group(0) @binding(5) var<uniform> params: Params;

