import { assert, assertAlmostEquals, assertThrows } from "@std/assert";
import { barrierMinimum, type Local, minimize } from "./convex.ts";
import { addOuter, type Matrix, type Vector, zeros } from "./linear_algebra.ts";

/** −Σ log(b_i − a_i · y). */
function polyhedron(normals: Matrix, bounds: Vector) {
  return (y: Vector): Local | undefined => {
    const hessian = zeros(y.length);
    const gradient = y.map(() => 0);
    let value = 0;
    for (const [i, normal] of normals.entries()) {
      const room = bounds[i] - normal.reduce((sum, each, j) => sum + each * y[j], 0);
      if (!(room > 0)) return undefined;
      value -= Math.log(room);
      normal.forEach((each, j) => gradient[j] += each / room);
      addOuter(hessian, normal, 1 / room ** 2);
    }
    return { value, gradient, hessian };
  };
}

Deno.test("Newton's method finds the least of e^x − 2x, at log 2, from far away", () => {
  const f = ([x]: Vector): Local => ({
    value: Math.exp(x) - 2 * x,
    gradient: [Math.exp(x) - 2],
    hessian: [[Math.exp(x)]],
  });
  for (const start of [-5, 0, 20]) assertAlmostEquals(minimize(f, [start], 1e-14)[0], Math.LN2, 1e-7);
});

Deno.test("the analytic centre of a triangle is where the products of the distances are greatest", () => {
  const triangle = polyhedron([[-1, 0], [0, -1], [1, 1]], [0, 0, 1]);
  minimize(triangle, [0.1, 0.7], 1e-15).forEach((value) => assertAlmostEquals(value, 1 / 3, 1e-7));
  assertThrows(() => minimize(triangle, [1, 1], 1e-9), RangeError, "not defined where the search starts");
});

Deno.test("a linear function is least at the vertex of a polygon, with the multipliers of the dual", () => {
  const [normals, bounds] = [[[1, 2], [3, 1], [-1, 0], [0, -1]], [4, 6, 0, 0]];
  const program = { cost: [-1, -1], barrier: polyhedron(normals, bounds), constraints: 4, start: [0.5, 0.5] };
  const { at, weight } = barrierMinimum(program, 1e-7);
  // Where x + 2y = 4 and 3x + y = 6.
  assertAlmostEquals(at[0], 8 / 5, 1e-6);
  assertAlmostEquals(at[1], 6 / 5, 1e-6);
  const multipliers = normals.map(([a, b], i) => 1 / (weight * (bounds[i] - a * at[0] - b * at[1])));
  [2 / 5, 1 / 5, 0, 0].forEach((value, i) => assertAlmostEquals(multipliers[i], value, 1e-4));
  assert(2.8 - at[0] - at[1] <= 1e-7);
});
