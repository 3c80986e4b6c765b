/** Dense linear algebra in float64 for a handful of dimensions. */

export type Vector = readonly number[];
/** Rows. */
export type Matrix = readonly Vector[];

export function dot(a: Vector, b: Vector): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

export function norm(a: Vector): number {
  return Math.sqrt(dot(a, a));
}

/** a + factor b */
export function added(a: Vector, b: Vector, factor = 1): number[] {
  return a.map((value, i) => value + factor * b[i]);
}

export function scaled(a: Vector, factor: number): number[] {
  return a.map((value) => factor * value);
}

/** M a */
export function times(matrix: Matrix, a: Vector): number[] {
  return matrix.map((row) => dot(row, a));
}

/** Σ_i weights_i rows_i, of rows of one length. */
export function weightedSum(rows: Matrix, weights: Vector): number[] {
  const sum = new Array<number>(rows[0].length).fill(0);
  rows.forEach((row, i) => row.forEach((value, j) => sum[j] += weights[i] * value));
  return sum;
}

export function zeros(size: number): number[][] {
  return Array.from({ length: size }, () => new Array<number>(size).fill(0));
}

/** M ← M + factor a aᵀ in the lower triangle of its first rows, in place. */
export function addOuter(matrix: number[][], a: Vector, factor: number): void {
  for (let i = 0; i < a.length; i++) {
    const row = matrix[i];
    const scale = factor * a[i];
    for (let j = 0; j <= i; j++) row[j] += scale * a[j];
  }
}

/** a ← a + factor b, in place. */
export function addTo(a: number[], b: Vector, factor: number): void {
  for (let i = 0; i < b.length; i++) a[i] += factor * b[i];
}

/**
 * The x of M x = b by Cholesky's decomposition.
 *
 * @param matrix a symmetric one, of which only the lower triangle is read
 * @throws {RangeError} unless M is positive definite
 */
export function solvePositive(matrix: Matrix, b: Vector): number[] {
  const size = b.length;
  const lower = zeros(size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = matrix[i][j];
      for (let k = 0; k < j; k++) rest -= lower[i][k] * lower[j][k];
      if (i !== j) lower[i][j] = rest / lower[j][j];
      else if (rest > 0) lower[i][i] = Math.sqrt(rest);
      else throw new RangeError(`Cannot solve: the matrix is not positive definite at row ${i + 1} of ${size}`);
    }
  }
  const x = [...b];
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) x[i] -= lower[i][k] * x[k];
    x[i] /= lower[i][i];
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) x[i] -= lower[k][i] * x[k];
    x[i] /= lower[i][i];
  }
  return x;
}

/** An eigenvalue and its eigenvector of length 1. */
export interface Eigenpair {
  readonly value: number;
  readonly vector: Vector;
}

const SWEEPS = 60;

/**
 * All of a symmetric matrix, the greatest eigenvalue first, by Jacobi's rotations (Golub & Van Loan 2013, 8.5).
 *
 * @param matrix of which only the lower triangle is read
 */
export function symmetricEigenpairs(matrix: Matrix): Eigenpair[] {
  const a = matrix.map((row, i) => row.map((_, j) => matrix[Math.max(i, j)][Math.min(i, j)]));
  const size = a.length;
  const vectors = zeros(size);
  for (let i = 0; i < size; i++) vectors[i][i] = 1;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let isDiagonal = true;
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        if (Math.abs(a[p][q]) <= Number.EPSILON * Number.EPSILON * (Math.abs(a[p][p]) + Math.abs(a[q][q]))) continue;
        isDiagonal = false;
        rotate(a, vectors, p, q);
      }
    }
    if (isDiagonal) break;
  }
  const pairs = a.map((row, i): Eigenpair => ({ value: row[i], vector: vectors.map((of) => of[i]) }));
  return pairs.sort((one, other) => other.value - one.value);
}

/** Turns the plane of p and q so that a[p][q] is 0, in place. */
function rotate(a: number[][], vectors: number[][], p: number, q: number): void {
  const theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const c = 1 / Math.hypot(t, 1);
  const s = t * c;
  const turn = (row: number[]) => [row[p], row[q]] = [c * row[p] - s * row[q], s * row[p] + c * row[q]];
  for (const row of a) turn(row);
  for (let k = 0; k < a.length; k++) [a[p][k], a[q][k]] = [c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]];
  [a[p][q], a[q][p]] = [0, 0];
  for (const row of vectors) turn(row);
}
