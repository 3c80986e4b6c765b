// out[n] = table[ids[n]]; dTable[r] = sum of dOut[n] over the n with ids[n] = r, in order of n, without atomics.
// table, dTable: V C; ids: N; out, dOut: N C; rows in blocks, of four numbers where C is a multiple of 4.
// For every n, backward needs to know whether it is the first with its id, and which n is the next (links: N 2). An
// invocation of `link` finds both for one n by reading all ids. In `gather`, the invocations of a first n follow its
// chain and sum one block each; those of any other n end at once. The host zeroes the rows of dTable that no id names.
struct Params { count: u32, width: u32 }

@group(0) @binding(0) var<storage, read> table: array<Block>;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<Block>;
@group(0) @binding(3) var<storage, read> idVecs: array<vec4u>;
@group(0) @binding(4) var<storage, read_write> links: array<vec2u>;
@group(0) @binding(5) var<storage, read> savedLinks: array<vec2u>;
@group(0) @binding(6) var<storage, read> dOut: array<Block>;
@group(0) @binding(7) var<storage, read_write> dTable: array<Block>;
@group(0) @binding(8) var<uniform> params: Params;

fn forward(i: u32) {
  let n = i / params.width;
  if (n < params.count) { out[i] = loadTable(ids[n] * params.width + i - n * params.width); }
}

// links[n] = (1 if no m < n has the id of n, else 0; the least m > n that has it, or N).
fn link(n: u32) {
  if (n >= params.count) { return; }
  let id = vec4u(loadIdVecs(n / 4u)[n % 4u]);
  var first = 1u;
  var next = vec4u(params.count);
  for (var m = 0u; m < params.count; m += 4u) {
    let others = vec4u(m) + vec4u(0u, 1u, 2u, 3u);
    let same = loadIdVecs(m / 4u) == id;
    if (any(same & (others < vec4u(n)))) { first = 0u; }
    next = min(next, select(vec4u(params.count), others, same & (others > vec4u(n))));
  }
  links[n] = vec2u(first, min(min(next.x, next.y), min(next.z, next.w)));
}

fn gather(i: u32) {
  let n = i / params.width;
  if (n >= params.count || savedLinks[n].x == 0u) { return; }
  let column = i - n * params.width;
  var sum = loadDOut(i);
  for (var m = savedLinks[n].y; m < params.count; m = savedLinks[m].y) { sum += loadDOut(m * params.width + column); }
  dTable[ids[n] * params.width + column] = sum;
}
