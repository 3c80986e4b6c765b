// What both forms of attendCache read and write.
// queries: B rows of `queryStride` vec4s that begin with H D numbers; keys, values: Hkv D numbers for each row and slot, which are
// `rowStride` and `slotStride` vec4s apart; values lie `valueOffset` after their keys; spans: B 2; done: B; out: B 1 H D.
// The token sees its row's span up to slot `slot`; a fragment after this text gives a bias for the distance, or none. Rows that are done
// get no output.
@group(0) @binding(0) var<storage, read> queries: array<vec4f>;
@group(0) @binding(1) var<storage, read> keys: array<vec4f>;
@group(0) @binding(2) var<storage, read> values: array<vec4f>;
@group(0) @binding(3) var<storage, read> spans: array<vec2u>;
@group(0) @binding(4) var<storage, read> done: array<u32>;
@group(0) @binding(5) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(10) var<uniform> params: Params;
