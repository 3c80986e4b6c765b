/** What `preference_theory` shows: its tables and figures. */
import type { RecordedResults, Report } from "#lib/bench/experiment.ts";
import { lines, type LineSeries, type LineValue } from "#lib/reporting/figures/lines.ts";
import { seriesOf, seriesStyle } from "#lib/reporting/figures/series_style.ts";
import { methodLabel } from "#lib/reporting/method_display.ts";
import { buildTable } from "#lib/reporting/table.ts";
import type { ScoreTable } from "#lib/reporting/table_model.ts";
import { DATASET, IDENTITIES, OFFLINE, ONLINE, RECOVERY } from "./learners.ts";
import { measureAt } from "./measures.ts";
import { intervalOf } from "./power_law.ts";

const [OFFLINE_ROWS, ONLINE_ROWS] = [Object.keys(OFFLINE), Object.keys(ONLINE)];
const SOURCE = "PbKD, on problems that are enumerated";

/** Columns by metric. */
type Columns = Readonly<Record<string, string>>;

const LAW: Columns = { slope: "Slope", stated_slope: "Slope of the rate", first: "At the start", last: "At the end" };
const LAW_NOTES = [
  "Slope: of log value on log size, by least squares. Offline: sub-optimality against N pairs, for the scale of the preferred reward at which it is greatest at that N. Online: cumulative regret against T rounds, likewise. Recovered reward: distance to the preferred one where pairs can show it, against N, at scale 1.",
  "Slope of the rate: of √(log(N/δ)/N) offline and √(T log T log(T/δ)) online, the paper's upper bounds, at the same sizes; of √(1/N) for the recovered reward. At the start, at the end: the values at the least and greatest size.",
  "Sub-optimality: max_π J(π, r*) − J(π̂, r*) ≥ 0 over all policies, the teacher's being one of the others; regret: its sum over rounds.",
];

export function report(results: RecordedResults): Report {
  return {
    tables: {
      table: withNotes(tableOf(results, "rates", [...OFFLINE_ROWS, ...ONLINE_ROWS, RECOVERY], LAW), [
        ...LAW_NOTES,
        ...slopeNotes(results),
      ]),
      identities: withNotes(
        tableOf(results, "identities", [IDENTITIES], {
          identity_student: "b = student: gap − U_off(Q)",
          identity_teacher: "b = teacher: gap − U_on(Q)",
          identity_texts: "r_b(x, τ) − V_b(s_0) − ΣA_b",
          identity_crossed: "b = student: gap − U_on(Q)",
        }),
        [
          "log₁₀ of the largest absolute difference over random problems, tables Q and policies; float64 is exact to −15.65 around 1. The last column is no identity: log₁₀ of the mean difference.",
        ],
      ),
      offline: withNotes(
        tableOf(results, "offline, at scale 1", OFFLINE_ROWS, {
          suboptimality_first: "Sub-optimality, least N",
          suboptimality_last: "Sub-optimality, greatest N",
        }),
        ["Scale 1: the problem as it was drawn. A student is exact to 0.00001."],
      ),
      guarantee: withNotes(
        tableOf(results, "the confidence set", ["offline_set"], {
          guarantee_slope: "Slope of the guarantee",
          stated_slope: "Slope of the rate",
          coverage: "Least coverage",
        }),
        [
          "Guarantee: what the confidence set bounds sub-optimality by at scale 1, D(π°, r*) − min over R(D) of D(π°, r), D(π, r) = J(π, r) − J(π*, r), π° the best policy. Coverage: the share of draws and scales whose preferred reward is in the set, at the N where it is least.",
        ],
      ),
      online: withNotes(
        tableOf(results, "online, at scale 1", ONLINE_ROWS, {
          regret_first: "Regret, least T",
          regret_last: "Regret, greatest T",
          regret_slope: "Slope of the regret",
        }),
        ["Scale 1: the problem as it was drawn."],
      ),
      recovery: withNotes(
        tableOf(results, "recovery", [RECOVERY], {
          visible_directions: "Visible directions",
          blind_directions: "Blind directions",
          shown: "Named blind: what is visible",
          unnamed: "Blind: what is not named",
          last: "Visible error, greatest N",
          blind_error: "Blind error, greatest N",
        }),
        [
          "Named blind directions: c(x) of each prompt, a constant per token (all texts have one length), shaping by a potential. Of each at length 1, log₁₀ of the largest part that is visible in pairs; of the blind directions, log₁₀ of the largest part that no combination of named ones has.",
        ],
      ),
    },
    figures: {
      offline: offlineFigure(results),
      scales: scalesFigure(results),
      online: onlineFigure(results),
      recovery: recoveryFigure(results),
    },
  };
}

function tableOf(
  { profile, display, scores }: RecordedResults,
  of: string,
  methods: readonly string[],
  columns: Columns,
) {
  const shown = scores.filter(({ method, metric }) => methods.includes(method) && metric in columns);
  return buildTable(shown, {
    caption: `${SOURCE}: ${of}, profile ${profile}`,
    methods,
    display,
    columns: Object.entries(columns).map(([metric, label]) => ({ dataset: DATASET, metric, label })),
  });
}

function withNotes(table: ScoreTable, notes: readonly string[]): ScoreTable {
  return { ...table, legend: [...notes, ...table.legend] };
}

/** The slopes with their intervals over the seeds, each of which is a problem of its own. */
function slopeNotes({ scores, display }: RecordedResults): string[] {
  return [...OFFLINE_ROWS, ...ONLINE_ROWS, RECOVERY].flatMap((method) => {
    const valuesOf = (metric: string) =>
      scores.filter((row) => row.method === method && row.metric === metric)
        .toSorted((a, b) => a.seed - b.seed).map(({ value }) => value);
    const [slopes, [stated]] = [valuesOf("slope"), valuesOf("stated_slope")];
    if (slopes.length < 2) return [];
    const { mean, low, high } = intervalOf(slopes);
    const [center, from, to, rate] = [mean, low, high, stated].map((value) => value.toFixed(3).replace("-", "−"));
    return [
      `${
        methodLabel(method, display)
      }: slope ${center}, 95 % interval ${from} to ${to} (t, ${slopes.length} problems); of the rate ${rate}.`,
    ];
  });
}

/** A measure of a row in a figure, under a name of its own. */
interface Drawn {
  readonly method: string;
  readonly measure: string;
  readonly name: string;
  /** What its values are divided by; default 1. */
  readonly unit?: number;
}

function valuesOf({ curves }: RecordedResults, drawn: readonly Drawn[]): LineValue[] {
  return drawn.flatMap(({ method, measure, name, unit = 1 }) =>
    curves.filter((row) => row.method === method && row.measure === measure)
      .map(({ step, seed, value }) => ({ method: name, x: step, seed, value: value / unit }))
  );
}

const STATED = seriesStyle("black", "short", "circle");

function rowsOf(methods: readonly string[], measure: string): Drawn[] {
  return methods.map((method) => ({ method, measure, name: method }));
}

/** The places of the axis: all sizes that have values. */
function sizesOf(values: readonly LineValue[]): number[] {
  return [...new Set(values.map(({ x }) => x))].sort((a, b) => a - b);
}

function offlineFigure(results: RecordedResults) {
  const drawn = [
    ...rowsOf(OFFLINE_ROWS, "hardest"),
    { method: "offline_set", measure: "guarantee", name: "guarantee" },
    { method: "offline_set", measure: "stated", name: "stated" },
  ];
  return rateFigure(results, drawn, {
    title: "Offline PbKD: sub-optimality against pairs",
    notes: [
      "Each row for the scale of the preferred reward at which its sub-optimality is greatest at that N; the guarantee at scale 1.",
    ],
    series: [
      ...seriesOf(
        [...OFFLINE_ROWS.map((method) => ({ method })), { method: "guarantee", label: "guarantee, scale 1" }],
        results.display,
      ),
      { method: "stated", label: "√(log(N/δ)/N)", style: STATED, thick: true },
    ],
    axis: "sub-optimality (units of reward)",
    x: "pairs N",
  });
}

function onlineFigure(results: RecordedResults) {
  const drawn = [
    ...rowsOf(ONLINE_ROWS, "hardest"),
    ...ONLINE_ROWS.map((method) => ({ method, measure: "regret", name: `${method}, scale 1` })),
    { method: "online_rounds", measure: "stated", name: "stated" },
  ];
  return rateFigure(results, drawn, {
    title: "Online PbKD: cumulative regret against rounds",
    notes: [
      "Each row for the scale of the preferred reward at which its regret is greatest at that T, and at scale 1.",
    ],
    series: [
      ...seriesOf([
        ...ONLINE_ROWS.map((method) => ({ method })),
        ...ONLINE_ROWS.map((method) => ({
          method: `${method}, scale 1`,
          label: `${methodLabel(method, results.display)}, scale 1`,
        })),
      ], results.display),
      { method: "stated", label: "√(T log T log(T/δ))", style: STATED, thick: true },
    ],
    axis: "cumulative regret (units of reward)",
    x: "rounds T",
  });
}

function recoveryFigure(results: RecordedResults) {
  const drawn = [
    { method: RECOVERY, measure: "hardest", name: "visible" },
    { method: RECOVERY, measure: "blind_error", name: "blind" },
    { method: RECOVERY, measure: "stated", name: "stated" },
  ];
  return rateFigure(results, drawn, {
    title: "Recovery of a linear reward by maximum likelihood",
    notes: ["Distance of the weights to those of the preferred reward, whose length in the visible directions is 1."],
    series: [
      ...seriesOf([{ method: "visible", label: "in visible directions" }, {
        method: "blind",
        label: "in blind directions",
      }]),
      { method: "stated", label: "√(1/N)", style: STATED, thick: true },
    ],
    axis: "distance",
    x: "pairs N",
  });
}

interface RateFigure {
  readonly title: string;
  readonly notes: readonly string[];
  readonly series: readonly LineSeries[];
  readonly axis: string;
  readonly x: string;
}

/** Power laws are straight lines; the rates' slopes count, not their heights, since bounds leave constants open. */
function rateFigure(results: RecordedResults, drawn: readonly Drawn[], { title, notes, series, axis, x }: RateFigure) {
  // A mean of 0, where every draw has found the best policy, has no place on a logarithmic axis.
  const values = valuesOf(results, drawn).filter(({ value }) => value > 0);
  return lines({
    title: `${title}, profile ${results.profile}`,
    notes: [...notes, "The rate in black is drawn without a constant: its slope counts, not its height."],
    series,
    panels: [{ title: axis, values }],
    x: { title: x, ticks: sizesOf(values), unit: `${x.at(-1)} = ` },
    spread: "band",
    logarithmic: "both",
  });
}

function scalesFigure(results: RecordedResults) {
  const prefix = measureAt("suboptimality", 0).slice(0, -1);
  const scales = [
    ...new Set(
      results.curves.filter(({ measure }) => measure.startsWith(prefix))
        .map(({ measure }) => Number(measure.slice(prefix.length))),
    ),
  ].sort((a, b) => a - b);
  const panelOf = (method: string) => ({
    heading: methodLabel(method, results.display),
    title: "sub-optimality / scale",
    values: valuesOf(
      results,
      scales.map((scale) => ({ method, measure: measureAt("suboptimality", scale), name: `${scale}`, unit: scale })),
    ),
  });
  const panels = ["offline_set", "offline_mle"].map(panelOf);
  return lines({
    title: `Offline PbKD by the scale of the preferred reward, profile ${results.profile}`,
    notes: [
      "The smaller the scale, the nearer labels are to coin flips. As long as the sign of what would pay is open, the student of the confidence set imitates its teacher; then its sub-optimality falls to 0.",
    ],
    series: seriesOf(scales.map((scale) => ({ method: `${scale}`, label: `scale ${fractionOf(scale)}` }))),
    panels,
    x: { title: "pairs N", ticks: sizesOf(panels.flatMap(({ values }) => values)), unit: "N = " },
    spread: "nothing",
    fromZero: true,
    logarithmic: "x",
  });
}

/** As in `1/128`. */
function fractionOf(scale: number): string {
  return scale < 1 && Number.isInteger(1 / scale) ? `1/${1 / scale}` : `${scale}`;
}
