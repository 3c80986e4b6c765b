import { excerpt } from "#lib/visible_text.ts";

/** One comparison with a recorded value. */
export interface Check {
  readonly name: string;
  /** `skipped` is for values that this version does not compute: never counted as agreement. */
  readonly status: "ok" | "FAIL" | "skipped";
  /** The largest deviation, in the measure that `tolerance` bounds. */
  readonly error?: number;
  readonly tolerance?: number;
  readonly note?: string;
}

/** Tolerances that float32 on a GPU meets (fixtures' README): fixed, never loosened to pass. */
export const TOLERANCE = {
  /** Of tensors, relative to the recorded tensor's largest magnitude. */
  tensor: 2e-4,
  /** Of losses, absolute for values up to 1, relative above. */
  loss: 1e-5,
  /** Of ROUGE-L, absolute; the recorded values are float32. */
  metric: 1e-6,
  /** Of what is computed in float64 on both sides, absolute. */
  float64: 1e-12,
} as const;

/** Compares tensors by the largest deviation, relative to the largest recorded magnitude. */
export function checkTensor(
  name: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  counts: (index: number) => boolean = () => true,
): Check {
  if (actual.length !== expected.length) {
    return { name, status: "FAIL", note: `${actual.length} values instead of ${expected.length}` };
  }
  let counted = 0;
  let largest = 0;
  let deviation = 0;
  for (let i = 0; i < expected.length; i++) {
    if (!counts(i)) continue;
    counted++;
    largest = Math.max(largest, Math.abs(expected[i]));
    const difference = Math.abs(actual[i] - expected[i]);
    deviation = Number.isNaN(difference) ? Infinity : Math.max(deviation, difference);
  }
  if (counted === 0) return { name, status: "FAIL", note: "there is nothing to compare" };
  return bounded(name, largest > 0 ? deviation / largest : deviation, TOLERANCE.tensor);
}

export function checkLoss(name: string, actual: number, expected: number): Check {
  return bounded(name, Math.abs(actual - expected) / Math.max(1, Math.abs(expected)), TOLERANCE.loss);
}

/** Compares some losses, or what losses are made of, one by one. */
export function checkLosses(name: string, actual: ArrayLike<number>, expected: readonly number[]): Check {
  if (actual.length !== expected.length || expected.length === 0) {
    return { name, status: "FAIL", note: `${actual.length} values instead of ${expected.length}` };
  }
  const errors = expected.map((value, i) => Math.abs(actual[i] - value) / Math.max(1, Math.abs(value)));
  return bounded(name, errors.some(Number.isNaN) ? NaN : Math.max(...errors), TOLERANCE.loss);
}

export function checkTokens(name: string, actual: readonly number[], expected: readonly number[]): Check {
  if (actual.length !== expected.length) {
    return { name, status: "FAIL", note: `${actual.length} tokens instead of ${expected.length}` };
  }
  const wrong = expected.findIndex((token, i) => actual[i] !== token);
  if (wrong < 0) return { name, status: "ok", error: 0, tolerance: 0 };
  return { name, status: "FAIL", note: `token ${wrong} is ${actual[wrong]} instead of ${expected[wrong]}` };
}

/** Compares lists of tokens, or texts, one by one: all must be equal. */
export function checkAll<Value extends string | readonly number[]>(
  name: string,
  actual: readonly Value[],
  expected: readonly Value[],
): Check {
  const counted = `${name} (${expected.length})`;
  if (expected.length === 0 || actual.length !== expected.length) {
    return { name: counted, status: "FAIL", note: `there are ${actual.length} to compare with ${expected.length}` };
  }
  const spelt = (value: Value) => excerpt(JSON.stringify(value), 120);
  const wrong = expected.flatMap((value, i) => JSON.stringify(value) === JSON.stringify(actual[i]) ? [] : [i]);
  if (wrong.length === 0) return { name: counted, status: "ok", error: 0, tolerance: 0 };
  const [first] = wrong;
  const note = `${wrong.length} differ; number ${first} is ${spelt(actual[first])} instead of ${
    spelt(expected[first])
  }`;
  return { name: counted, status: "FAIL", note };
}

/** @param error 0 or more; NaN, and the largest of no deviations, −∞, are no agreement */
export function bounded(name: string, error: number, tolerance: number): Check {
  return { name, status: error >= 0 && error <= tolerance ? "ok" : "FAIL", error, tolerance };
}
