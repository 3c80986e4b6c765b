// Advantages of trajectories whose rows are packed one after another; row t (from 1) of trajectory b is spans[b].x + t - 1.
// rewardToGo: A_t = sum_{t' >= t} gamma^(t'-1) c_t' (t' > t unless inclusive): the policy gradient of sum_t gamma^(t-1) c_t
//   (Sutton et al. 2000). One invocation per trajectory.
// relativeToGo: A_t = sum_{t' >= t} gamma^(t'-t) c_t' (t' > t unless inclusive), discounted from t. One invocation per
//   trajectory. Both divide by the number of their terms if perTerm is set.
// positionMean: A_t minus its mean over the trajectories that have a position t. One invocation per row.
// whiten: (A - mean) / (sd + 1e-6) over all rows of all trajectories, sample sd. One workgroup.
// costs, advantages, out: N; spans: B 2 (first row, row after the last). Sums in the order of trajectories and rows.
struct Params { rows: u32, trajectories: u32, gamma: f32, inclusive: u32, perTerm: u32 }

@group(0) @binding(0) var<storage, read> costs: array<f32>;
@group(0) @binding(1) var<storage, read> advantages: array<f32>;
@group(0) @binding(2) var<storage, read> spans: array<vec2u>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

// The sum over the costs of `terms` steps, beginning with its own; without its own there is one fewer.
fn normalized(sum: f32, terms: u32) -> f32 {
  let counted = max(select(terms - 1u, terms, params.inclusive != 0u), 1u);
  return select(sum, sum / f32(counted), params.perTerm != 0u);
}

@compute @workgroup_size(WORKGROUP)
fn rewardToGo(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let trajectory = rowOfWorkgroup(workgroup, count) * WORKGROUP + lane;
  if (trajectory >= params.trajectories) { return; }
  let span = spans[trajectory];
  var discount = 1.0;
  for (var row = span.x; row < span.y; row++) {
    out[row] = discount * costs[row];
    discount *= params.gamma;
  }
  var later = 0.0;
  for (var row = span.y; row > span.x; row--) {
    let sum = later + out[row - 1u];
    out[row - 1u] = normalized(select(later, sum, params.inclusive != 0u), span.y - row + 1u);
    later = sum;
  }
}

@compute @workgroup_size(WORKGROUP)
fn relativeToGo(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let trajectory = rowOfWorkgroup(workgroup, count) * WORKGROUP + lane;
  if (trajectory >= params.trajectories) { return; }
  let span = spans[trajectory];
  var later = 0.0;
  for (var row = span.y; row > span.x; row--) {
    let discounted = params.gamma * later;
    let sum = costs[row - 1u] + discounted;
    out[row - 1u] = normalized(select(discounted, sum, params.inclusive != 0u), span.y - row + 1u);
    later = sum;
  }
}

@compute @workgroup_size(WORKGROUP)
fn positionMean(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = rowOfWorkgroup(workgroup, count) * WORKGROUP + lane;
  if (row >= params.rows) { return; }
  var position = 0u;
  var found = false;
  for (var b = 0u; b < params.trajectories; b++) {
    let span = spans[b];
    if (row >= span.x && row < span.y) {
      position = row - span.x;
      found = true;
    }
  }
  if (!found) { return; }
  var sum = 0.0;
  var sharing = 0.0;
  for (var b = 0u; b < params.trajectories; b++) {
    let span = spans[b];
    if (span.x + position < span.y) {
      sum += advantages[span.x + position];
      sharing += 1.0;
    }
  }
  out[row] = advantages[row] - sum / sharing;
}

@compute @workgroup_size(WORKGROUP)
fn whiten(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  var rows = 0.0;
  for (var b = 0u; b < params.trajectories; b++) {
    let span = spans[b];
    for (var row = span.x + lane; row < span.y; row += WORKGROUP) {
      sum += advantages[row];
      rows += 1.0;
    }
  }
  let total = workgroupSum(rows, lane);
  let mean = workgroupSum(sum, lane) / max(total, 1.0);
  var squares = 0.0;
  for (var b = 0u; b < params.trajectories; b++) {
    let span = spans[b];
    for (var row = span.x + lane; row < span.y; row += WORKGROUP) {
      squares = fma(advantages[row] - mean, advantages[row] - mean, squares);
    }
  }
  let deviation = sqrt(workgroupSum(squares, lane) / max(total - 1.0, 1.0));
  for (var b = 0u; b < params.trajectories; b++) {
    let span = spans[b];
    for (var row = span.x + lane; row < span.y; row += WORKGROUP) {
      out[row] = (advantages[row] - mean) / (deviation + 1e-6);
    }
  }
}
