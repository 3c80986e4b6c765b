// A query sees the last WINDOW keys of its row's span, of which its own token is the last.
override WINDOW: u32 = 1u;

fn keyEnd(token: u32, span: vec2u) -> u32 { return min(span.y, min(token + 4u, params.keyTokens)); }
fn firstQuery(key: u32) -> u32 { return key; }

// Which of four queries see a key; which of four keys a query sees.
fn seen(key: u32, tokens: vec4u, span: vec2u) -> vec4<bool> {
  return (vec4u(key) <= tokens) & (tokens < vec4u(key + WINDOW)) & vec4<bool>(key < span.y);
}
fn seenKeys(query: u32, keys: vec4u, span: vec2u) -> vec4<bool> {
  return (keys <= vec4u(query)) & (vec4u(query) < keys + WINDOW) & (keys >= vec4u(span.x)) & (keys < vec4u(span.y)) &
    vec4<bool>(query < params.queryTokens);
}
