// A strip of up to 16 rows by four columns: sums, or rows of A' by four numbers along K. The products of a strip are written once, for
// any number of rows; what ROWS excludes is removed when the pipeline is created. Matrices have names, because a CPU driver keeps arrays in
// memory, even where every index is a constant in a loop of constant length: then a product takes five to eight times as long.
override ROWS: u32 = 16u; // 1, 4, 8 or 16

struct Strip { r0: mat4x4f, r1: mat4x4f, r2: mat4x4f, r3: mat4x4f } // four rows each: column i is row i
struct Starts { r0: vec4u, r1: vec4u, r2: vec4u, r3: vec4u }

fn stripStarts(row: u32) -> Starts { return Starts(startsOfA(row), startsOfA(row + 4u), startsOfA(row + 8u), startsOfA(row + 12u)); }

fn stripOfA(starts: Starts, k: u32) -> Strip {
  var strip: Strip;
  if (ROWS == 1u) {
    strip.r0[0] = alongK(fourOfA(starts.r0.x + k), k);
  } else {
    strip.r0 = blockOfA(starts.r0, k);
  }
  if (ROWS > 4u) { strip.r1 = blockOfA(starts.r1, k); }
  if (ROWS > 8u) {
    strip.r2 = blockOfA(starts.r2, k);
    strip.r3 = blockOfA(starts.r3, k);
  }
  return strip;
}

fn madd(sum: vec4f, x: vec4f, y: mat4x4f) -> vec4f {
  return fma(vec4f(x.w), y[3], fma(vec4f(x.z), y[2], fma(vec4f(x.y), y[1], fma(vec4f(x.x), y[0], sum))));
}
fn addBlock(sums: mat4x4f, x: mat4x4f, y: mat4x4f) -> mat4x4f {
  if (ROWS == 1u) { return mat4x4f(madd(sums[0], x[0], y), vec4f(), vec4f(), vec4f()); }
  return mat4x4f(madd(sums[0], x[0], y), madd(sums[1], x[1], y), madd(sums[2], x[2], y), madd(sums[3], x[3], y));
}

fn addProducts(sums: Strip, x: Strip, y: mat4x4f) -> Strip {
  var next = sums;
  next.r0 = addBlock(sums.r0, x.r0, y);
  if (ROWS > 4u) { next.r1 = addBlock(sums.r1, x.r1, y); }
  if (ROWS > 8u) {
    next.r2 = addBlock(sums.r2, x.r2, y);
    next.r3 = addBlock(sums.r3, x.r3, y);
  }
  return next;
}

