// dWeight[c] = sum_N dOut * x / rms                                                   (Zhang & Sennrich 2019)
// x, dOut: N C; savedInverseRms: N; dWeight: parts C, by blocks of columns.
struct Params { rows: u32, blocks: u32, parts: u32 }

@group(0) @binding(0) var<storage, read> x: array<Block>;
@group(0) @binding(1) var<storage, read> dOut: array<Block>;
@group(0) @binding(2) var<storage, read> savedInverseRms: array<f32>;
@group(0) @binding(3) var<storage, read_write> dWeight: array<Block>;
@group(0) @binding(4) var<uniform> params: Params;

fn compute(column: u32, first: u32, end: u32, at: u32) {
  var sum = Block();
  for (var row = first; row < end; row++) {
    let i = row * params.blocks + column;
    sum = fma(loadDOut(i), loadX(i) * loadSavedInverseRms(row), sum);
  }
  dWeight[at] = sum;
}
