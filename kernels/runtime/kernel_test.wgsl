// An interface in every form that is read, and in comments, where it must not be.
// @group(0) @binding(7) var<storage, read> commented: array<f32>;
/* @group(0) @binding(8) var<storage, read> alsoCommented: array<f32>;
   override HIDDEN: u32 = 1u; fn inComment() { alsoCommented[0]; } */
struct Params { count: u32, shift: i32, scale: f32, x: u32 }
override WORKGROUP: u32 = 64u;
  override IS_CAUSAL: bool = false;

@group(0) @binding(4) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0)
@binding(1) var<storage> y: array<f32>;
@group(0) @binding(3) var<storage,read_write> weights: array<f32>;

fn addOne(value: f32) -> f32 { return value + f32(params.count); }
fn twice(value: f32) -> f32 { return addOne(addOne(value)); }
fn weigh(i: u32) { weights[i] = 1.0; }

@compute @workgroup_size(WORKGROUP)
fn both(@builtin(workgroup_id) workgroup: vec3u) {
  // commented[0] does not use a binding
  out[workgroup.x] = twice(y[workgroup.x]) + x[0].y;
}

@compute @workgroup_size(1)
fn fieldsOnly(@builtin(workgroup_id) workgroup: vec3u) { out[workgroup.x] = f32(workgroup.y); }

@compute @workgroup_size(1)
fn throughFunction() { weigh(0u); }
