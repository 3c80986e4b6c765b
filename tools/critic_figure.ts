/**
 * Writes `docs/moment_matching.svg`: critics f = tanh(c u + b) by the log-ratio u of the policies, and the divergences D_c that a student
 * descends under them, at a state with two actions.
 *
 *     deno run --allow-read=. --allow-write=docs tools/critic_figure.ts
 */
import { renderSvg } from "#lib/reporting/figures/figure.ts";
import { linePanel } from "#lib/reporting/figures/line_panel.ts";
import { gridOf, page } from "#lib/reporting/figures/page.ts";
import { type SeriesStyle, stylesOf } from "#lib/reporting/figures/series_style.ts";

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

const styles: SeriesStyle[] = stylesOf(CRITICS.map(({ label }) => label));
const linesOf = (from: number, to: number, valueOf: (critic: Critic, x: number) => number) =>
  CRITICS.map((critic, i) => ({
    style: styles[i],
    points: Array.from({ length: POINTS }, (_, k) => {
      const x = from + (to - from) * k / (POINTS - 1);
      return { x, values: [valueOf(critic, x)] };
    }),
  }));

const axes = [{ title: "f, the critic's value" }, { title: "D, what the student descends" }];
const { columns, left, width, height } = gridOf(2, axes, { alone: 240, several: 230 });
const panelOf = (heading: string, y: { title: string }, x: { title: string }, lines: ReturnType<typeof linesOf>) => ({
  heading,
  view: linePanel({ lines, x, y, width, height, spread: "range", spreadAs: "nothing", reference: 0 }),
  words: `${heading}: ${y.title} by ${x.title}.`,
});

const figure = page({
  title: "One critic, tanh(c (log p − log q) + bias), and what it makes the student descend",
  notes: [`Right: a state of two actions, of which the teacher takes the first with probability ${P}.`],
  legend: CRITICS.map(({ label }, i) => ({ label, style: styles[i], line: true, marker: true })),
  columns,
  left,
  panels: [
    panelOf("The critic", axes[0], { title: "log p − log q" }, linesOf(-6, 6, ({ f }, u) => f(u))),
    panelOf("The divergence", axes[1], { title: "the student's probability q" }, linesOf(0.02, 0.98, divergence)),
  ],
});
await Deno.writeTextFile(new URL("../docs/moment_matching.svg", import.meta.url), await renderSvg(figure));
