// sums += terms over `count` elements, read by vec4f. One invocation adds one vec4f. Whatever lies past the end of sums, which
// may be a window of a larger tensor, is left unchanged.
struct Params { count: u32 }

@group(0) @binding(0) var<storage, read_write> sums: array<vec4f>;
@group(0) @binding(1) var<storage, read> terms: array<vec4f>;
@group(0) @binding(2) var<uniform> params: Params;

fn compute(index: u32) {
  if (4u * index >= params.count) { return; }
  let inside = vec4u(4u * index) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.count);
  sums[index] += select(vec4f(), terms[index], inside);
}
