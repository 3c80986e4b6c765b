// What kernel_test.ts takes a uniform from; it puts fields in the place of `scale` that no kernel may have.

struct Params { count: u32, scale: f32 }

@group(0) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(1)
fn main() {
  let n = params.count;
}
