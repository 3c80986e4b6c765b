// dWeight[c] = sum_N dOut * (x - mean) / deviation; dBias[c] = sum_N dOut                           (Ba et al. 2016)
// x, dOut: N C; savedMeans, savedInverses (1 / deviation): N; dWeight, dBias: parts C, by blocks of columns.
struct Params { rows: u32, blocks: u32, parts: u32 }

@group(0) @binding(0) var<storage, read> x: array<Block>;
@group(0) @binding(1) var<storage, read> dOut: array<Block>;
@group(0) @binding(2) var<storage, read> savedMeans: array<f32>;
@group(0) @binding(3) var<storage, read> savedInverses: array<f32>;
@group(0) @binding(4) var<storage, read_write> dWeight: array<Block>;
@group(0) @binding(5) var<storage, read_write> dBias: array<Block>;
@group(0) @binding(6) var<uniform> params: Params;

fn compute(column: u32, first: u32, end: u32, at: u32) {
  var weightSum = Block();
  var biasSum = Block();
  for (var row = first; row < end; row++) {
    let i = row * params.blocks + column;
    let gradient = loadDOut(i);
    weightSum = fma(gradient, (loadX(i) - loadSavedMeans(row)) * loadSavedInverses(row), weightSum);
    biasSum += gradient;
  }
  dWeight[at] = weightSum;
  dBias[at] = biasSum;
}
