import { assert, assertAlmostEquals, assertEquals } from "@std/assert";

/*
 * What docs/moment_matching.md says of answers of one token: a student that gives one probability q of "yes" to states that it cannot tell
 * apart, and a teacher who is sure of each of them, of a share π > 1/2 that it is "yes". Where is each divergence least?
 */

/** Shares of "yes": on either side of 2/3, from which on c = 1/2 makes the student sure. */
const SHARES = [0.52, 0.6, 0.65, 0.7, 0.8, 0.85];
const STEP = 1e-4;
/** All q but 0 and 1, where logarithms end, and these as near as the other points are to each other. */
const POINTS = Array.from({ length: 1 / STEP - 1 }, (_, i) => (i + 1) * STEP);

type Pair = readonly [yes: number, no: number];
/** A divergence of a teacher p and a student q at a state. */
type Divergence = (p: Pair, q: Pair) => number;

/** q where the mean of a divergence over the states is least. */
function minimiser(divergence: Divergence, share: number): number {
  const mean = (q: number) => share * divergence([1, 0], [q, 1 - q]) + (1 - share) * divergence([0, 1], [q, 1 - q]);
  return POINTS.reduce((best, q) => mean(q) < mean(best) ? q : best, POINTS[0]);
}

const kl: Divergence = (p, q) =>
  p.reduce((sum, value, a) => sum + (value === 0 ? 0 : value * Math.log(value / q[a])), 0);
const mixture = (p: Pair, q: Pair, share: number): Pair => [
  share * p[0] + (1 - share) * q[0],
  share * p[1] + (1 - share) * q[1],
];
const totalVariation: Divergence = (p, q) => (Math.abs(p[0] - q[0]) + Math.abs(p[1] - q[1])) / 2;
/** D_1/2, which a student descends under the critic of c = 1/2. */
const kDivergence: Divergence = (p, q) => 2 * kl(p, mixture(p, q, 0.5));
const skewed = (alpha: number): Divergence => (p, q) => kl(p, mixture(p, q, alpha));
const jensenShannon: Divergence = (p, q) => (kl(p, mixture(p, q, 0.5)) + kl(q, mixture(p, q, 0.5))) / 2;

/** Convex in q, so the best of the points is at most a step from the least of all. */
const isLeastAt = (divergence: Divergence, least: (share: number) => number) => {
  for (const share of SHARES) assertAlmostEquals(minimiser(divergence, share), least(share), STEP + 1e-9, `${share}`);
};

Deno.test("forward KL is calibrated: least at the share itself", () => isLeastAt(kl, (share) => share));

Deno.test("TV makes the student sure of whatever is more frequent", () => isLeastAt(totalVariation, () => 1));

Deno.test("D_1/2 sharpens, to 3π − 1, and is sure from π = 2/3 on", () =>
  isLeastAt(kDivergence, (share) => Math.min(1, 3 * share - 1)));

Deno.test("skewed KL sharpens the less the smaller α, to (π − α(1 − π))/(1 − α), and is sure from π = 1/(1 + α) on", () => {
  for (const alpha of [0.01, 0.1, 0.3, 0.5, 0.9]) {
    isLeastAt(skewed(alpha), (share) => Math.min(1, (share - alpha * (1 - share)) / (1 - alpha)));
  }
});

Deno.test("Jensen-Shannon sharpens, less than D_1/2 where that is sure, and never makes the student sure", () => {
  for (const share of SHARES) {
    const q = minimiser(jensenShannon, share);
    assert(q > share + STEP && q < 1 - 2 * STEP, `${share}: ${q}`);
    if (share > 2 / 3) assert(q < minimiser(kDivergence, share) - STEP);
    const slope = (q: number) => share * Math.log(q / (1 + q)) - (1 - share) * Math.log((1 - q) / (2 - q));
    assert(slope(q - STEP) < 0 && slope(q + STEP) > 0, `${share}: ${q}`);
  }
});

Deno.test("the critic tanh(c u) pushes the student to q = 1 from π = 2/3 on, whatever its scale, and not before", () => {
  for (const c of [0.1, 0.5, 2, 10]) {
    // What "yes" gains over "no", E f(yes) − E f(no); where the teacher is sure, f is −1 on what it would not say.
    const push = (share: number, q: number) =>
      share * (1 - Math.tanh(c * Math.log(q))) - (1 - share) * (1 - Math.tanh(c * Math.log(1 - q)));
    const sure = SHARES.filter((share) => POINTS.every((q) => push(share, q) > 0) && push(share, 1) > 0);
    assertEquals(sure, SHARES.filter((share) => share > 2 / 3), `${c}`);
    if (c !== 0.5) continue;
    for (const share of SHARES.filter((share) => share < 2 / 3)) {
      assertAlmostEquals(push(share, 3 * share - 1), 0, 1e-12);
    }
  }
});

Deno.test("sharpening leaves what is likeliest as it is, and takes the accuracy of a sampled answer up to that of the likeliest", () => {
  const sampled = (share: number, q: number) => share * q + (1 - share) * (1 - q);
  for (const share of SHARES) {
    const found = [kl, skewed(0.1), kDivergence, totalVariation].map((each) => minimiser(each, share));
    for (const q of found) assert(q > 0.5);
    const accuracies = found.map((q) => sampled(share, q));
    assertEquals(accuracies, accuracies.toSorted((a, b) => a - b));
    assertAlmostEquals(accuracies.at(-1)!, share, 2 * STEP);
  }
});
