// Shared by the row kernels: which row a workgroup owns, and sums and maxima over its invocations in a fixed order.
override WORKGROUP: u32 = 64u;
var<workgroup> partials: array<f32, WORKGROUP>;

// Workgroups beyond one dimension's limit continue along y.
fn rowOfWorkgroup(workgroup: vec3u, count: vec3u) -> u32 { return workgroup.y * count.x + workgroup.x; }

fn workgroupSum(value: f32, lane: u32) -> f32 {
  workgroupBarrier();
  partials[lane] = value;
  workgroupBarrier();
  for (var stride = WORKGROUP / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) { partials[lane] += partials[lane + stride]; }
    workgroupBarrier();
  }
  return partials[0];
}

fn workgroupMax(value: f32, lane: u32) -> f32 {
  workgroupBarrier();
  partials[lane] = value;
  workgroupBarrier();
  for (var stride = WORKGROUP / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) { partials[lane] = max(partials[lane], partials[lane + stride]); }
    workgroupBarrier();
  }
  return partials[0];
}
