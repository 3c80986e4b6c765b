// Copies the keys and values of a packed projection into the cache, tokens 0..T-1 to slots `slot`..`slot` + T - 1.
// qkv: B T P, P = (H + 2 Hkv) D; keys, values: S B Hkv D. An item is one vec4f of both.
struct Params { count: u32, tokens: u32, rows: u32, slot: u32, queryVecs: u32, keyVecs: u32 }

@group(0) @binding(0) var<storage, read> qkv: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> keys: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> values: array<vec4f>;
@group(0) @binding(3) var<uniform> params: Params;

fn compute(index: u32) {
  if (index >= params.count) { return; }
  let row = index / params.keyVecs;
  let i = index % params.keyVecs;
  let source = row * (params.queryVecs + 2u * params.keyVecs) + params.queryVecs + i;
  let place = ((params.slot + row % params.tokens) * params.rows + row / params.tokens) * params.keyVecs + i;
  keys[place] = qkv[source];
  values[place] = qkv[source + params.keyVecs];
}
