/**
 * Writes `docs/moment_matching.svg`: critics f = tanh(c u + b) by the log-ratio u of the policies, and the divergences D_c that a student
 * descends under them, at a state with two actions.
 *
 *     deno run --allow-read=. --allow-write=docs tools/critic_figure.ts
 */
import { renderSvg } from "#lib/reporting/figures/figure.ts";
import { lines } from "#lib/reporting/figures/lines.ts";
import { seriesOf } from "#lib/reporting/figures/series_style.ts";

/** The teacher's probability of the first of two actions. */
const P = 0.8;
const SKEW = 0.1;
const POINTS = 121;
const STEPS = 2000;

interface Critic {
  readonly label: string;
  f(u: number): number;
}

const tanhOf = (c: number, bias = 0) => (u: number) => Math.tanh(c * u + bias);
const CRITICS: readonly Critic[] = [
  { label: "c = 1/2: 2 KL(p ‖ (p + q)/2)", f: tanhOf(0.5) },
  { label: "c = 2", f: tanhOf(2) },
  { label: "c → ∞: 2 TV", f: Math.sign },
  { label: `c = 1/2, bias −1.1: skewed KL, α = ${SKEW}`, f: tanhOf(0.5, Math.log(SKEW / (1 - SKEW)) / 2) },
];

/** D of the student whose first action has probability q: the integral of its gradient −(f(u₁) − f(u₂)) from the teacher on. */
function divergence({ f }: Critic, q: number): number {
  const slope = (x: number) => f(Math.log((1 - P) / (1 - x))) - f(Math.log(P / x));
  const width = (q - P) / STEPS;
  let sum = 0;
  for (let i = 0; i < STEPS; i++) sum += slope(P + (i + 0.5) * width) * width;
  return sum;
}

const series = seriesOf(CRITICS.map(({ label }) => ({ method: label }))).map((line) => ({ ...line, thick: true }));
const curve = (from: number, to: number, valueOf: (critic: Critic, x: number) => number) =>
  CRITICS.flatMap((critic) =>
    Array.from({ length: POINTS }, (_, k) => {
      const x = from + (to - from) * k / (POINTS - 1);
      return { method: critic.label, seed: 0, x, value: valueOf(critic, x) };
    })
  );

const figure = lines({
  title: "One critic, tanh(c (log p − log q) + bias), and what it makes the student descend",
  notes: [`Right: a state of two actions, of which the teacher takes the first with probability ${P}.`],
  series,
  x: { title: "log p − log q" },
  // One value a place has no bars; unlike lines of seeds, these need no note of whose values they are.
  spread: "bars",
  panels: [
    {
      heading: "The critic",
      title: "f, the critic's value",
      values: curve(-6, 6, ({ f }, u) => f(u)),
      x: { title: "log p − log q" },
      reference: 0,
      words: "The critic: its value by log p − log q.",
    },
    {
      heading: "The divergence",
      title: "D, what the student descends",
      values: curve(0.02, 0.98, divergence),
      x: { title: "the student's probability q" },
      reference: 0,
      words: "The divergence: what the student descends by its probability q; 0 at the teacher's.",
    },
  ],
});
await Deno.writeTextFile(new URL("../docs/moment_matching.svg", import.meta.url), await renderSvg(figure));
