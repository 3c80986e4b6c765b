// r = exp(logProb - samplerLogProb), bounded = clamp(r, 1 - clipRange, 1 + clipRange).
// forward:  out = -min(r A, bounded A).
// backward: dLogProb = -dOut r A where r A <= bounded A, else 0, because there the bound, a constant, is smaller.
// clipped:  out = 1 where the gradient stops, else 0.
// All bindings: N as vec4f; those past the end are padding. One invocation computes four numbers.
struct Params { vecs: u32, clipRange: f32 }

@group(0) @binding(0) var<storage, read> logProb: array<vec4f>;
@group(0) @binding(1) var<storage, read> samplerLogProb: array<vec4f>;
@group(0) @binding(2) var<storage, read> advantages: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(4) var<storage, read> dOut: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> dLogProb: array<vec4f>;
@group(0) @binding(6) var<uniform> params: Params;

struct Gains { free: vec4f, bounded: vec4f }

fn gainsAt(i: u32) -> Gains {
  let ratio = exp(loadLogProb(i) - loadSamplerLogProb(i));
  let bounded = clamp(ratio, vec4f(1.0 - params.clipRange), vec4f(1.0 + params.clipRange));
  return Gains(ratio * loadAdvantages(i), bounded * loadAdvantages(i));
}

fn forward(i: u32) {
  if (i >= params.vecs) { return; }
  let gains = gainsAt(i);
  out[i] = -min(gains.free, gains.bounded);
}

fn backward(i: u32) {
  if (i >= params.vecs) { return; }
  let gains = gainsAt(i);
  dLogProb[i] = select(vec4f(0.0), -loadDOut(i) * gains.free, gains.free <= gains.bounded);
}

fn clipped(i: u32) {
  if (i >= params.vecs) { return; }
  let gains = gainsAt(i);
  out[i] = select(vec4f(1.0), vec4f(0.0), gains.free <= gains.bounded);
}
