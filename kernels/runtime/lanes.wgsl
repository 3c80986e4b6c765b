// Sums and maxima over the invocations of a workgroup, in a fixed order; `lanes` is replaced by the prefix of their names.
fn lanesSum(value: f32, lane: u32) -> f32 {
  workgroupBarrier();
  partials[lane] = value;
  workgroupBarrier();
  for (var stride = WORKGROUP / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) { partials[lane] += partials[lane + stride]; }
    workgroupBarrier();
  }
  return partials[0];
}

fn lanesMax(value: f32, lane: u32) -> f32 {
  workgroupBarrier();
  partials[lane] = value;
  workgroupBarrier();
  for (var stride = WORKGROUP / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) { partials[lane] = max(partials[lane], partials[lane + stride]); }
    workgroupBarrier();
  }
  return partials[0];
}
