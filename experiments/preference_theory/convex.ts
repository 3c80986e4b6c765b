/** Smooth convex minimisation in a handful of dimensions, exact to a precision that is asked for. */
import { added, dot, type Matrix, scaled, solvePositive, type Vector } from "./linear_algebra.ts";

/** A convex function around a point. */
export interface Local {
  readonly value: number;
  readonly gradient: Vector;
  /** Its lower triangle; what is above is not read. */
  readonly hessian: Matrix;
}

/** Undefined outside of its domain. */
export type ConvexFunction = (at: Vector) => Local | undefined;

const MAX_STEPS = 200;
const SUFFICIENT_DECREASE = 0.1;
const LEAST_STEP = 2 ** -40;

/**
 * Where a strictly convex function is least, by Newton's method with backtracking (Boyd & Vandenberghe 2004, 9.5): until half the squared
 * Newton decrement, which is how far above its least a quadratic function would still be, is at most `precision`, or rounding hides what is left.
 *
 * @throws {RangeError} if the function is not defined at `start`
 * @throws {Error} if it has not come to an end after 200 steps
 */
export function minimize(f: ConvexFunction, start: Vector, precision: number): Vector {
  let at = start;
  let local = f(at);
  if (local === undefined) throw new RangeError("Cannot minimise: the function is not defined where the search starts");
  for (let step = 0; step < MAX_STEPS; step++) {
    const direction = scaled(solvePositive(local.hessian, local.gradient), -1);
    const slope = dot(local.gradient, direction);
    if (-slope / 2 <= precision) return at;
    let length = 1;
    let next: Local | undefined;
    let there = at;
    for (; length >= LEAST_STEP; length /= 2) {
      there = added(at, direction, length);
      next = f(there);
      if (next !== undefined && next.value <= local.value + SUFFICIENT_DECREASE * length * slope) break;
    }
    if (length < LEAST_STEP || next === undefined || next.value >= local.value) return at;
    [at, local] = [there, next];
  }
  throw new Error(`Newton's method has not converged after ${MAX_STEPS} steps`);
}

/** A linear function on a convex set that a barrier describes. */
export interface LinearProgram {
  /** c of c · y, which is made least. */
  readonly cost: Vector;
  /** Self-concordant, infinite at the border of the set: a sum of −log, one for each constraint. */
  readonly barrier: ConvexFunction;
  /** How many constraints the barrier has. */
  readonly constraints: number;
  /** Strictly inside the set. */
  readonly start: Vector;
}

/** Where a linear function is least. */
export interface BarrierSolution {
  readonly at: Vector;
  /** Of the last barrier: the multiplier of a constraint g(y) ≥ 0 is 1 / (weight · g(y)). */
  readonly weight: number;
}

const GROWTH = 15;
/** How near to the central path each weight's search ends: on the way, and where the solution is taken. */
const CENTRED = { onTheWay: 1e-2, atTheEnd: 1e-7 };

/**
 * Makes a linear function least by the barrier method (Boyd & Vandenberghe 2004, 11.3), which ends at most `gap` above the least: on the
 * central path constraints / weight is the gap between it and its dual.
 */
export function barrierMinimum(program: LinearProgram, gap: number): BarrierSolution {
  const { cost, barrier, constraints } = program;
  let at = program.start;
  for (let weight = 1;; weight *= GROWTH) {
    const centring = (y: Vector): Local | undefined => {
      const local = barrier(y);
      return local && {
        value: weight * dot(cost, y) + local.value,
        gradient: added(local.gradient, cost, weight),
        hessian: local.hessian,
      };
    };
    const isLast = constraints / weight <= gap;
    at = minimize(centring, at, isLast ? CENTRED.atTheEnd : CENTRED.onTheWay);
    if (isLast) return { at, weight };
  }
}
