// The uniform of kernel_test.ts, which replaces `scale` by fields that no kernel may have.

struct Params { count: u32, scale: f32 }

@group(0) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(1)
fn main() {
  let n = params.count;
}
