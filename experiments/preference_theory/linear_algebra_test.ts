import { assert, assertAlmostEquals, assertThrows } from "@std/assert";
import { addOuter, dot, solvePositive, symmetricEigenpairs, times, zeros } from "./linear_algebra.ts";
import { normals } from "./test_problem.ts";

/** Σ a aᵀ of random vectors, whole and with its lower triangle alone. */
function randomMoments(size: number, vectors: number) {
  const lower = zeros(size);
  for (const vector of normals(vectors, size, `moments ${size}`)) addOuter(lower, vector, 1);
  return { lower, whole: lower.map((row, i) => row.map((_, j) => lower[Math.max(i, j)][Math.min(i, j)])) };
}

Deno.test("a solution solves, of matrices of several sizes", () => {
  for (const size of [1, 2, 5, 9]) {
    const { lower, whole } = randomMoments(size, 3 * size);
    const [b] = normals(1, size, "right side");
    times(whole, solvePositive(lower, b)).forEach((value, i) => assertAlmostEquals(value, b[i], 1e-10));
  }
  assertThrows(() => solvePositive([[1, 0], [2, 4]], [1, 1]), RangeError, "not positive definite at row 2 of 2");
});

Deno.test("eigenvectors are orthonormal, sorted, and the matrix turns none of them", () => {
  for (const size of [1, 2, 5, 10]) {
    // Of fewer vectors than dimensions some eigenvalues are 0.
    const { lower, whole } = randomMoments(size, Math.ceil(size / 2));
    const pairs = symmetricEigenpairs(lower);
    pairs.forEach(({ value, vector }, i) => {
      times(whole, vector).forEach((turned, j) => assertAlmostEquals(turned, value * vector[j], 1e-11));
      pairs.forEach((other, j) => assertAlmostEquals(dot(vector, other.vector), i === j ? 1 : 0, 1e-12));
      assert(i === 0 || value <= pairs[i - 1].value);
      assertAlmostEquals(i < Math.ceil(size / 2) ? 0 : value, 0, 1e-12);
    });
  }
});
