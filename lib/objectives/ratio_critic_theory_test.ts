import { assert, assertAlmostEquals } from "@std/assert";
import fc from "fast-check";
import { RandomStream } from "#lib/random/random_stream.ts";
import { EnumerableMdp, softmax, type Table } from "./enumerable_mdp.ts";
import { Dual, gradientOf, sum } from "./test_dual.ts";

/*
 * What docs/moment_matching.md says of the critic f_c = tanh(c u), u = log p − log q, at a state whose teacher is p and whose student is q:
 * its moment M_c, the game whose best response it is, and the divergence D_c that a student descends while f_c is held.
 */

const VALUES = { min: -4, max: 4, noNaN: true };
/** Logits of a teacher and of a student, and a scale. */
const states = fc.record({
  logits: fc.array(fc.tuple(fc.double(VALUES), fc.double(VALUES)), { minLength: 2, maxLength: 12 }),
  c: fc.double({ min: 0.05, max: 8, noNaN: true }),
}).map(({ logits, c }) => {
  const [teacher, student] = [0, 1].map((which) => logits.map((pair) => pair[which]));
  const [p, q] = [softmax(teacher), softmax(student)];
  return { student, p, q, c, u: p.map((value, a) => Math.log(value) - Math.log(q[a])) };
});
type State = typeof states extends fc.Arbitrary<infer S> ? S : never;

const holds = (law: (state: State) => void) => fc.assert(fc.property(states, law), { numRuns: 200, seed: 1 });
const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const near = (actual: number, expected: number, tolerance = 1e-12) =>
  assertAlmostEquals(actual, expected, tolerance * Math.max(1, Math.abs(expected)));

const critic = ({ u }: Pick<State, "u">, c: number, bias = 0) => u.map((ratio) => Math.tanh(c * ratio + bias));
const moment = ({ p, q, u }: State, c: number) => total(critic({ u }, c).map((f, a) => (p[a] - q[a]) * f));
const twoTv = ({ p, q }: State) => total(p.map((value, a) => Math.abs(value - q[a])));
const leCam = ({ p, q }: State) => total(p.map((value, a) => (value - q[a]) ** 2 / (value + q[a])));

Deno.test("at c = 1/2 the critic is (p − q)/(p + q), and its moment the triangular discrimination", () =>
  holds((state) => {
    critic(state, 0.5).forEach((f, a) => near(f, (state.p[a] - state.q[a]) / (state.p[a] + state.q[a])));
    near(moment(state, 0.5), leCam(state));
  }));

Deno.test("2 T² ≤ Δ ≤ 2 T", () =>
  holds((state) => {
    const [delta, t] = [leCam(state), twoTv(state) / 2];
    assert(2 * t * t <= delta + 1e-12 && delta <= 2 * t + 1e-12, `${t}, ${delta}`);
  }));

Deno.test("the moment is not negative, rises with c, and is within 1/(e c) below 2 T, whatever V", () =>
  holds((state) => {
    const { c } = state;
    const [lower, upper] = [moment(state, c), moment(state, 1.5 * c)];
    assert(lower >= 0 && lower <= upper + 1e-12, `${lower}, ${upper}`);
    const gap = twoTv(state) - lower;
    assert(gap >= -1e-12 && gap <= 1 / (Math.E * c) + 1e-12, `${gap} at ${c}`);
    near(moment(state, 1e15), twoTv(state));
  }));

/** ∫₀¹ of a function by 32 Gauss-Legendre nodes in each of 16 parts. */
const integral = quadrature(16, 32);

/** ψ'(f) = tanh(artanh(f) / 2c): the slope of the penalty. */
const penaltySlope = (f: number, c: number) => Math.tanh(Math.atanh(f) / (2 * c));
/** Ψ_c(f) = ∫₀^f ψ', substituted by f = tanh(t), for which the integrand is smooth. */
const penalty = (f: number, c: number) => {
  const end = Math.atanh(f);
  return integral((x) => new Dual(end * Math.tanh(x * end / (2 * c)) / Math.cosh(x * end) ** 2)).value;
};

Deno.test("f_c is the best response of the game with the penalty E_{p+q} Ψ_c(f), pointwise", () =>
  holds(({ p, q, u, c }) => {
    const value = (f: number, a: number) => (p[a] - q[a]) * f - (p[a] + q[a]) * penalty(f, c);
    critic({ u }, c).forEach((f, a) => {
      if (1 - Math.abs(f) < 1e-6) return; // where artanh of a rounded f is known to few digits
      // Stationary to rounding: artanh(f) loses what 1 − f² lost.
      near((p[a] - q[a]) - (p[a] + q[a]) * penaltySlope(f, c), 0, 1e-12 / (1 - f * f));
      for (const other of [-0.9, -0.3, 0, 0.2, 0.8]) assert(value(other, a) <= value(f, a) + 1e-12);
    });
  }));

Deno.test("the penalty is convex and even, its slope from −1 to 1; for c = 1/2 it is f²/2 and the game's value Δ/2", () =>
  holds((state) => {
    const { c, p, q } = state;
    const points = Array.from({ length: 19 }, (_, i) => (i - 9) / 10);
    points.slice(1).forEach((f, i) => assert(penaltySlope(f, c) > penaltySlope(points[i], c)));
    for (const f of points) {
      near(penalty(f, c), penalty(-f, c));
      near(penalty(f, 0.5), f * f / 2);
    }
    const f = critic(state, 0.5);
    near(total(f.map((each, a) => (p[a] - q[a]) * each - (p[a] + q[a]) * each * each / 2)), leCam(state) / 2);
  }));

/** Next-token probabilities of logits. */
const softmaxOf = (logits: readonly Dual[]) => {
  const weights = logits.map((logit) => logit.exp());
  const all = sum(weights);
  return weights.map((weight) => weight.over(all));
};
/** −∇ E_q f with respect to the student's logits, f held. */
const stepOf = ({ q }: State, f: readonly number[]) => {
  const mean = total(q.map((value, a) => value * f[a]));
  return q.map((value, a) => -value * (f[a] - mean));
};
/** Whether a student descends a divergence of p and its own q. */
const descends = (
  state: State,
  f: readonly number[],
  divergence: (q: readonly Dual[]) => Dual,
  tolerance = 1e-12,
) => {
  const gradient = gradientOf((logits) => divergence(softmaxOf(logits)), state.student);
  stepOf(state, f).forEach((slope, a) => near(slope, gradient[a], tolerance));
};

/** KL(x ‖ y), either given as numbers. */
const kl = (x: readonly (Dual | number)[], y: readonly (Dual | number)[]) =>
  sum(x.map((value, a) => toDual(value).times(toDual(value).log().minus(toDual(y[a]).log()))));
const toDual = (value: Dual | number) => typeof value === "number" ? new Dual(value) : value;
/** share p + (1 − share) q */
const mixture = (p: readonly number[], q: readonly Dual[], share: number) =>
  q.map((value, a) => value.times(1 - share).plus(share * p[a]));

/** h(r) = ∫₁^r tanh(c log x) dx, by x = e^s. */
const h = (r: Dual, c: number) => {
  const end = r.log();
  return integral((x) => {
    const s = end.times(x);
    return end.times(s.times(c).tanh()).times(s.exp());
  });
};
/** D_c(p ‖ q) = Σ p h(q / p) */
const divergence = (p: readonly number[], q: readonly Dual[], c: number) =>
  sum(q.map((value, a) => h(value.over(p[a]), c).times(p[a])));

Deno.test("with f_c held, the student's step is the gradient of D_c, h'(r) = tanh(c log r), for every c", () =>
  holds((state) => descends(state, critic(state, state.c), (q) => divergence(state.p, q, state.c))));

Deno.test("h is convex with h(1) = 0 and h''(1) = c, so that D_c is an f-divergence: not negative, 0 at p = q alone", () =>
  holds(({ p, q, c }) => {
    near(h(new Dual(1), c).value, 0);
    // h''(1) from h', which is exact: a central difference whose error is of the order of its step squared.
    near((h(new Dual(1 + 1e-4, 1), c).slope - h(new Dual(1 - 1e-4, 1), c).slope) / 2e-4, c, 1e-6);
    near(divergence(p, p.map((value) => new Dual(value)), c).value, 0);
    assert(divergence(p, q.map((value) => new Dual(value)), c).value >= -1e-12);
  }));

Deno.test("at c = 1/2 the student descends 2 KL(p ‖ (p + q)/2): D_c has that value, and not Δ", () =>
  holds((state) => {
    const { p } = state;
    const k = (q: readonly Dual[]) => kl(p, mixture(p, q, 0.5)).times(2);
    descends(state, critic(state, 0.5), k);
    const q = state.q.map((value) => new Dual(value));
    near(divergence(p, q, 0.5).value, k(q).value);
  }));

Deno.test("as c → ∞ it descends 2 T, as c → 0 reverse KL times c", () =>
  holds((state) => {
    const { p } = state;
    if (state.u.every((ratio) => Math.abs(ratio) > 1e-6)) {
      descends(state, critic(state, 1e9), (q) => sum(q.map((value, a) => value.minus(p[a]).abs())));
    }
    const c = 1e-7;
    descends(state, critic(state, c).map((f) => f / c), (q) => kl(q, p));
    near(divergence(p, state.q.map((value) => new Dual(value)), c).value / c, kl(state.q, p).value);
  }));

Deno.test("with c = 1/2 and a bias of half a logit of α it descends DistiLLM's skewed KL, 2α/(1−α) KL(p ‖ α p + (1−α) q)", () =>
  holds((state) => {
    for (const skew of [0.1, 0.5, 0.7]) {
      const f = critic(state, 0.5, Math.log(skew / (1 - skew)) / 2);
      descends(state, f, (q) => kl(state.p, mixture(state.p, q, skew)).times(2 * skew / (1 - skew)));
    }
  }));

Deno.test("as the bias falls it descends forward KL, as it rises χ²(q ‖ p), up to scale", () =>
  holds((state) => {
    const { p } = state;
    const bias = 30;
    // 1 ± f has the digits that f itself rounds away; a constant in f changes no step.
    const low = state.u.map((ratio) => 2 / (1 + Math.exp(-ratio + 2 * bias)) * Math.exp(2 * bias) / 2);
    descends(state, low, (q) => kl(p, q));
    const high = state.u.map((ratio) => -2 / (1 + Math.exp(ratio + 2 * bias)) * Math.exp(2 * bias));
    descends(state, high, (q) => sum(q.map((value, a) => value.minus(p[a]).times(value.minus(p[a])).over(p[a]))));
  }));

interface Problem {
  readonly mdp: EnumerableMdp;
  readonly teacher: Table;
  readonly student: Table;
  readonly logits: Table;
}

const problems = fc.record({
  vocabSize: fc.integer({ min: 2, max: 4 }),
  horizon: fc.integer({ min: 1, max: 3 }),
  gamma: fc.double({ min: 0.1, max: 1, noNaN: true }),
  seed: fc.nat(1000),
}).map(({ seed, ...sizes }): Problem => {
  const mdp = new EnumerableMdp(sizes);
  const random = new RandomStream(seed, "ratio critic");
  const table = () =>
    Array.from({ length: mdp.stateCount }, () => Array.from({ length: mdp.vocabSize }, () => 2 * random.normal()));
  const [teacher, logits] = [table(), table()];
  return { mdp, logits, teacher: teacher.map(softmax), student: logits.map(softmax) };
});
const holdsInProblems = (law: (problem: Problem) => void) =>
  fc.assert(fc.property(problems, law), { numRuns: 30, seed: 2 });

const ratioTable = ({ teacher, student }: Problem, c: number): Table =>
  teacher.map((row, s) => row.map((p, a) => Math.tanh(c * Math.log(p / student[s][a]))));

Deno.test("over whole texts one number, c, takes both moments to their suprema over all |f| ≤ 1, at all states at once", () =>
  holdsInProblems((problem) => {
    const { mdp, teacher, student } = problem;
    const horizon = mdp.expect(teacher, () => 1);
    for (const side of ["off", "on"] as const) {
      const [visitor, momentOf] = side === "off"
        ? [teacher, (f: Table) => mdp.offPolicyMoment(f, teacher, student)] as const
        : [student, (f: Table) => mdp.onPolicyMoment(f, teacher, student)] as const;
      const supremum = mdp.twoTotalVariation(visitor, teacher, student);
      let before = 0;
      for (const c of [0.5, 2, 8, 64, 1e9]) {
        const reached = momentOf(ratioTable(problem, c));
        assert(reached >= before - 1e-12 && reached <= supremum + 1e-12, `${side}, ${c}: ${reached} of ${supremum}`);
        assert(supremum - reached <= horizon / (Math.E * c) + 1e-12);
        before = reached;
      }
      near(before, supremum);
    }
  }));

Deno.test("the exact gradient of U_off under f_c held is that of the teacher's mean of D_c over states", () =>
  holdsInProblems((problem) => {
    const { mdp, teacher, student, logits } = problem;
    const c = 0.5;
    const f = ratioTable(problem, c);
    const visits = mdp.stateCount === 0
      ? []
      : logits.map((_, state) => mdp.expect(teacher, (visited) => visited === state ? 1 : 0));
    logits.forEach((row, state) => {
      // U_off with this state's student in place of its own; f stays as it is.
      const gradient = gradientOf((own) => {
        const q = softmaxOf(own);
        return sum(q.map((value, a) => value.times(-f[state][a]))).times(visits[state]);
      }, row);
      const ofDivergence = gradientOf((own) => divergence(teacher[state], softmaxOf(own), c).times(visits[state]), row);
      gradient.forEach((slope, a) => near(slope, ofDivergence[a]));
    });
    // That this is the gradient of U_off itself: a small step changes it as the gradient says.
    const step = 1e-5;
    const moved = (sign: number) =>
      logits.map((row, s) => softmax(row.map((logit, a) => logit + sign * step * Math.cos(s + 2 * a))));
    const along = logits.reduce((sum, row, s) => {
      const mean = student[s].reduce((m, q, a) => m + q * f[s][a], 0);
      return sum + visits[s] * row.reduce((m, _, a) => m - student[s][a] * (f[s][a] - mean) * Math.cos(s + 2 * a), 0);
    }, 0);
    const change = [1, -1].map((sign) => mdp.offPolicyMoment(f, teacher, moved(sign)));
    near((change[0] - change[1]) / (2 * step), along, 1e-8);
  }));

/** Gauss-Legendre nodes and weights on [0, 1] by Newton's method on the Legendre polynomial, repeated over equal parts. */
function quadrature(parts: number, order: number): (f: (x: number) => Dual) => Dual {
  const nodes = Array.from({ length: order }, (_, i) => {
    let x = Math.cos(Math.PI * (i + 0.75) / (order + 0.5));
    let slope = 0;
    for (let round = 0; round < 50; round++) {
      let [before, value] = [1, x];
      for (let n = 2; n <= order; n++) [before, value] = [value, ((2 * n - 1) * x * value - (n - 1) * before) / n];
      slope = order * (x * value - before) / (x * x - 1);
      x -= value / slope;
    }
    return { x: (1 + x) / 2, weight: 1 / ((1 - x * x) * slope * slope) };
  });
  return (f) =>
    sum(
      Array.from({ length: parts }, (_, part) => part).flatMap((part) =>
        nodes.map(({ x, weight }) => f((part + x) / parts).times(weight / parts))
      ),
    );
}
