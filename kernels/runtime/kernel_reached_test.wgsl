// A kernel of five bindings; a test keeps some of its lines.
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read> ab: array<f32>;
@group(0) @binding(3) var<storage, read> values: array<f32>;
@group(0) @binding(4) var<storage, read> dOut: array<f32>;

fn inner() -> f32 {
  var sum = 0.0;
  sum += a[0];
  sum += b[0];
  sum += ab[0];
  sum += values[0];
  sum += dOut[0];
  return sum;
}

@compute @workgroup_size(1)
fn main() { let total = inner(); }
