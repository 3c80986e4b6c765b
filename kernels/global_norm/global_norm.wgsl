// norm = sqrt(sum_N x^2) over several tensors, in two stages, and scale = min(1, maxNorm / (norm + 1e-6)).
// squares: x N as vec4f -> one sum per workgroup, into parts[firstPart ...]; each owns a contiguous share of x.
// root: parts P -> norm 1, by one workgroup. clip: norm 1 -> scale 1, by one invocation. f32 sums in a fixed order.
struct Params { size: u32, firstPart: u32, partCount: u32, maxNorm: f32 }

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> parts: array<f32>;
@group(0) @binding(2) var<storage, read> squareSums: array<f32>;
@group(0) @binding(3) var<storage, read_write> norm: array<f32>;
@group(0) @binding(4) var<storage, read> gradNorm: array<f32>;
@group(0) @binding(5) var<storage, read_write> scale: array<f32>;
@group(0) @binding(6) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn squares(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let vecs = (params.size + 3u) / 4u;
  let share = (vecs + params.partCount - 1u) / params.partCount;
  let end = min(vecs, (workgroup.x + 1u) * share);
  var sums = vec4f();
  for (var i = workgroup.x * share + lane; i < end; i += WORKGROUP) {
    let inside = vec4u(4u * i) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.size);
    let values = select(vec4f(), loadX(i), inside);
    sums = fma(values, values, sums);
  }
  let sum = workgroupSum(sums.x + sums.y + sums.z + sums.w, lane);
  if (lane == 0u) { parts[params.firstPart + workgroup.x] = sum; }
}

@compute @workgroup_size(WORKGROUP)
fn root(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var i = lane; i < params.partCount; i += WORKGROUP) { sum += squareSums[i]; }
  let total = workgroupSum(sum, lane);
  if (lane == 0u) { norm[0] = sqrt(total); }
}

@compute @workgroup_size(1)
fn clip() {
  scale[0] = min(1.0, params.maxNorm / (gradNorm[0] + 1e-6));
}
