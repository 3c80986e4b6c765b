import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { CurveRow } from "#lib/results/curves_csv.ts";
import { curves, type CurvesOptions } from "./curves.ts";
import { renderSvg } from "./figure.ts";
import { assertDrawing, countOf, descriptionOf, textsOf } from "./test_svg.ts";
import { DISPLAY } from "../test_display.ts";

const point = (method: string, seed: number, step: number, measure: string, value: number): CurveRow => ({
  experiment: "e",
  method,
  seed,
  step,
  measure,
  value,
});
const run = (method: string, seed: number, measure: string, values: readonly number[]) =>
  values.map((value, i) => point(method, seed, 10 * i, measure, value));

const options: CurvesOptions = {
  display: DISPLAY,
  methods: [{ method: "kd" }, { method: "ammd" }],
  title: "Training",
  panels: [
    { measure: "loss", title: "Loss (nats per token)" },
    { measure: "validation_rouge_l", title: "ROUGE-L (%)", scale: 100 },
  ],
};
const rows = [
  ...[10, 20, 30].flatMap((seed) => run("kd", seed, "loss", [3, 2 + seed / 100, 1])),
  ...[10, 20, 30].flatMap((seed) => run("ammd", seed, "loss", [3, 1 + seed / 100, 0.5])),
  ...run("ammd", 10, "validation_rouge_l", [0.25, 0.5, 0.75]),
  ...run("ammd", 10, "grad_norm", [1, 2, 3]),
];

/** Paths of the panels, not of the legend, whose lines are of another element. */
const BAND = /<path [^>]*opacity="0\.13"/;
const LINE = /<path [^>]*stroke-width="1\.6"/;
const MARKER = /<path transform=/;

Deno.test("a panel has a line per method, a band where there are several seeds, and markers", async () => {
  const svg = await renderSvg(curves(rows, options));
  assertDrawing(svg);
  assertEquals(countOf(svg, LINE), 3);
  assertEquals(countOf(svg, BAND), 2);
  // Three steps of three lines, and a sample for each method.
  assertEquals(countOf(svg, MARKER), 9 + 2);
  const texts = textsOf(svg);
  for (const text of ["Training", "KD", "AMMD", "Loss (nats per token)", "ROUGE-L (%)"]) {
    assert(texts.includes(text), text);
  }
  assertEquals(texts.filter((text) => text === "Training step").length, 2);
  assert(texts.includes("70"), "ROUGE-L in percent");
  assert(texts.includes("Lines: mean over seeds 10, 20, 30. Bands: least to greatest."));
  assert(texts.includes("No line for KD in: ROUGE-L (%)."));
});

Deno.test("a line goes through the means and a band from the least to the greatest", async () => {
  const values = [[1, 5], [2, 7], [6, 12]].flatMap(([low, high], i) => [
    point("kd", 10, i, "loss", low),
    point("kd", 20, i, "loss", high),
  ]);
  const svg = await renderSvg(curves(values, { ...options, panels: options.panels.slice(0, 1) }));
  const line = /<path d="([^"]*)" stroke="[^"]*" stroke-width="1\.6"/.exec(svg)![1];
  const band = /<path d="([^"]*)" fill="[^"]*" opacity="0\.13"/.exec(svg)![1];
  const ys = (path: string) => [...path.matchAll(/,(-?[\d.]+)/g)].map(([, y]) => Number(y));
  const [first, middle, last] = ys(line);
  // Pixels per unit from the means 3, 4.5 and 9.
  const unit = (first - last) / 6;
  assert(Math.abs(first - middle - 1.5 * unit) < 0.2);
  const edges = ys(band).map((y) => 3 - (y - first) / unit);
  assert(edges.every((value, i) => Math.abs(value - [1, 2, 6, 12, 7, 5][i]) < 0.02), `${edges}`);
});

Deno.test("one seed has no band, and the notes say so", async () => {
  const svg = await renderSvg(curves(rows.filter(({ seed }) => seed === 20), options));
  assertEquals(countOf(svg, BAND), 0);
  assertEquals(countOf(svg, LINE), 2);
  assert(textsOf(svg).includes("Lines: seed 20."));
});

Deno.test("bands can be left out", async () => {
  const svg = await renderSvg(curves(rows, { ...options, bands: false }));
  assertEquals([LINE, BAND].map((mark) => countOf(svg, mark)), [3, 0]);
  assert(textsOf(svg).includes("Lines: mean over seeds 10, 20, 30."));
});

Deno.test("the title of an axis is broken into lines no longer than the axis, for which there is room", async () => {
  const title = "An axis title that is far longer than the axis that it has to stand beside on the page";
  const panels = [options.panels[0], { ...options.panels[1], title }];
  const svg = await renderSvg(curves(rows, { ...options, panels }));
  const lines = textsOf(svg).filter((text) => text !== title && title.includes(text) && text.length > 5);
  assertEquals(lines.join(" "), title);
  assert(lines.length > 2);
});

Deno.test("methods with other seeds and runs that end early are named", async () => {
  const fewer = rows.filter(({ method, seed, step }) => method !== "kd" || (seed < 30 && (seed < 20 || step < 20)));
  const texts = textsOf(await renderSvg(curves(fewer, options)));
  assert(texts.includes("Lines: mean over seeds 10, 20, 30 (KD: seeds 10, 20). Bands: least to greatest."));
  assert(texts.some((text) => text.startsWith("Some runs have no value at some steps")));
});

Deno.test("methods are chosen, named and ordered by the options, and left out of a panel", async () => {
  const svg = await renderSvg(curves(rows, {
    ...options,
    methods: [{ method: "ammd", label: "K = 1" }, { method: "kd" }, { method: "gkd" }],
    panels: [{ ...options.panels[0], except: ["kd"], heading: "(a) Loss" }],
  }));
  const texts = textsOf(svg);
  assertEquals(texts.filter((text) => ["K = 1", "KD", "GKD"].includes(text)), ["K = 1", "KD", "GKD"]);
  assert(texts.includes("(a) Loss"));
  assert(texts.includes("No line for KD, GKD in: (a) Loss."));
  assertEquals(countOf(svg, LINE), 1);
});

Deno.test("a panel without values says so, and so does a figure", async () => {
  const one = await renderSvg(curves(rows.filter(({ measure }) => measure === "loss"), options));
  assert(textsOf(one).includes("No values of ROUGE-L (%)"));
  const none = await renderSvg(curves([], { ...options, methods: [{ method: "kd" }] }));
  assertDrawing(none);
  assertEquals(textsOf(none).filter((text) => text.startsWith("No values")).length, 2);
  assertEquals(
    descriptionOf(none),
    "Loss (nats per token): no values. ROUGE-L (%): no values.",
  );
  assertThrows(() => curves(rows, { ...options, panels: [] }), RangeError, 'Cannot draw "Training": it has no panels');
});

Deno.test("the description tells the last means", async () => {
  const description = descriptionOf(await renderSvg(curves(rows, options)));
  assertStringIncludes(description, "Loss (nats per token): KD 1.00 at step 20, AMMD 0.500 at step 20.");
  assertStringIncludes(description, "ROUGE-L (%): AMMD 75.0 at step 20.");
});

Deno.test("values that cannot be drawn are refused", () => {
  assertThrows(
    () => curves([point("kd", 1, 2, "loss", NaN)], options),
    RangeError,
    "Cannot draw kd seed 1 at 2 in Loss (nats per token): it is NaN",
  );
  assertThrows(
    () => curves([rows[0], rows[0]], options),
    RangeError,
    "Cannot draw two values for kd seed 10 at 0 in Loss (nats per token)",
  );
});

Deno.test("labels are text", async () => {
  const hostile = "<script>&\"'{}[].\\";
  const svg = await renderSvg(curves(run(hostile, 1, "loss", [1, 2]), {
    ...options,
    methods: [{ method: hostile }],
    panels: [{ measure: "loss", title: hostile, heading: hostile }],
  }));
  assertDrawing(svg);
  // Heading, axis and legend.
  assertEquals(textsOf(svg).filter((text) => text === hostile).length, 3);
});

const METHODS = ["kd", "ammd", "ammd k=5", "<&>"];
const anyRows = fc.uniqueArray(
  fc.record<CurveRow>({
    experiment: fc.constant("e"),
    method: fc.constantFrom(...METHODS),
    seed: fc.nat(2),
    step: fc.nat(30),
    measure: fc.constantFrom("loss", "validation_rouge_l"),
    value: fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }),
  }),
  { selector: ({ value: _, ...key }) => JSON.stringify(key), maxLength: 60 },
);

Deno.test("any rows can be drawn, and their order does not change a byte", async () => {
  await fc.assert(
    fc.asyncProperty(anyRows, async (rows) => {
      const all = { ...options, methods: METHODS.map((method) => ({ method })) };
      const svg = await renderSvg(curves(rows, all));
      assertDrawing(svg);
      assertEquals(await renderSvg(curves(rows.toReversed(), all)), svg);
    }),
    { numRuns: 15 },
  );
});
