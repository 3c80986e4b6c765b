// out[b] = sum_t w_t x[first_b + t] over the tokens t = 0 ... T_b - 1 of text b; dX[first_b + t] = w_t dOut[b]. The weights w_t are
// gamma^t; of the mean, gamma^t / T_b; of the last token alone, gamma^(T_b - 1) there and 0 before. x, dX: N; spans: B 2 (first row, row
// after the last); out, dOut: B. One invocation per text, in the order of its tokens; a text without tokens has the sum 0.
struct Params { texts: u32, gamma: f32, mean: u32, last: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> spans: array<vec2u>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<storage, read> dOut: array<f32>;
@group(0) @binding(4) var<storage, read_write> dX: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

// What a discounted token counts for.
fn counted(discount: f32, row: u32, span: vec2u) -> f32 {
  let share = select(discount, discount / f32(span.y - span.x), params.mean != 0u);
  return select(share, 0.0, params.last != 0u && row + 1u < span.y);
}

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let text = rowOfWorkgroup(workgroup, count) * WORKGROUP + lane;
  if (text >= params.texts) { return; }
  let span = spans[text];
  var discount = 1.0;
  var sum = 0.0;
  for (var row = span.x; row < span.y; row++) {
    sum = fma(counted(discount, row, span), loadX(row), sum);
    discount *= params.gamma;
  }
  out[text] = sum;
}

@compute @workgroup_size(WORKGROUP)
fn backward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let text = rowOfWorkgroup(workgroup, count) * WORKGROUP + lane;
  if (text >= params.texts) { return; }
  let span = spans[text];
  var discount = 1.0;
  for (var row = span.x; row < span.y; row++) {
    dX[row] = counted(discount, row, span) * dOut[text];
    discount *= params.gamma;
  }
}
