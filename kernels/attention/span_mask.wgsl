// A query sees all keys of its row's span.
fn keyEnd(token: u32, span: vec2u) -> u32 { return min(span.y, params.keyTokens); }
fn firstQuery(key: u32) -> u32 { return 0u; }

// Which of four queries see a key; which of four keys a query sees.
fn seen(key: u32, tokens: vec4u, span: vec2u) -> vec4<bool> { return vec4<bool>(key < span.y); }
fn seenKeys(query: u32, keys: vec4u, span: vec2u) -> vec4<bool> {
  return (keys >= vec4u(span.x)) & (keys < vec4u(span.y)) & vec4<bool>(query < params.queryTokens);
}
