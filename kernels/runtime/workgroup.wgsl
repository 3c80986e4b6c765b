// Which row a workgroup owns; the sums and maxima of lanes.wgsl follow.
override WORKGROUP: u32 = 64u;
var<workgroup> partials: array<f32, WORKGROUP>;

// Workgroups beyond one dimension's limit continue along y.
fn rowOfWorkgroup(workgroup: vec3u, count: vec3u) -> u32 { return workgroup.y * count.x + workgroup.x; }

