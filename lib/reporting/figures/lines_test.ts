import { assert, assertEquals, assertThrows } from "@std/assert";
import { renderSvg } from "./figure.ts";
import { lines, type LinesOptions, type LineValue } from "./lines.ts";
import { seriesOf, seriesStyle } from "./series_style.ts";
import { assertDrawing, countOf, descriptionOf, textsOf } from "./test_svg.ts";

const points = [0, 0.5, 1].flatMap((x) =>
  [1, 2].flatMap((seed): LineValue[] => [
    { method: "gap", x, seed, value: x * seed },
    { method: "critic", x, seed, value: 1.5 * x * seed },
    { method: "tv", x, seed, value: 3 * x * seed },
  ])
);
const options: Omit<LinesOptions, "panels"> = {
  title: "Bounds",
  series: [
    { method: "gap", label: "Imitation gap", style: seriesStyle("black", "solid", "circle"), thick: true },
    ...seriesOf([{ method: "critic", label: "Trained critic" }, { method: "tv", label: "Total variation" }]),
  ],
  x: { title: "Share of noise" },
  spread: "band",
  fromZero: true,
};
const bounds = (values: readonly LineValue[]) => lines({ ...options, panels: [{ title: "Return", values }] });

const THICK = /<path [^>]*stroke-width="3\.4"/;
const LINE_PATH = /<path [^>]*?d="([^"]*)"[^>]*stroke-width="3\.4"/;
const LINE = /<path [^>]*stroke-width="1\.6"/;
const BAND = /<path [^>]*opacity="0\.13"/;

Deno.test("a line is thick or thin, with a band where there are several seeds", async () => {
  const svg = await renderSvg(bounds(points));
  assertDrawing(svg);
  assertEquals([THICK, LINE, BAND].map((mark) => countOf(svg, mark)), [1, 2, 3]);
  for (const text of ["Imitation gap", "Trained critic", "Total variation", "Share of noise", "Return", "0"]) {
    assert(textsOf(svg).includes(text), text);
  }
  assert(textsOf(svg).includes("Lines: mean over seeds 1, 2. Bands: least to greatest."));
  assert(descriptionOf(svg).includes("Trained critic 2.25 at 1,"));
});

Deno.test("the scale begins at 0", async () => {
  const far = points.map((point) => ({ ...point, value: 100 + point.value }));
  assert(textsOf(await renderSvg(bounds(far))).includes("0"));
});

Deno.test("one seed has no band; the order of the points does not matter; a missing line is named", async () => {
  const single = points.filter(({ seed, method }) => seed === 1 && method !== "tv");
  const svg = await renderSvg(bounds(single));
  assertEquals([THICK, LINE, BAND].map((mark) => countOf(svg, mark)), [1, 1, 0]);
  assert(textsOf(svg).includes("No line for Total variation in: Return."));
  assertEquals(await renderSvg(bounds(single.toReversed())), svg);
});

Deno.test("no points make a figure that says so, and impossible ones are refused", async () => {
  const svg = await renderSvg(bounds([]));
  assertDrawing(svg);
  assert(textsOf(svg).includes("No values of Return"));
  assertThrows(() => bounds([...points, points[0]]), RangeError, "two values for gap seed 1 at 0 in Return");
  assertThrows(
    () => bounds([{ ...points[0], value: Infinity }]),
    RangeError,
    "gap seed 1 at 0 in Return: it is Infinity",
  );
});

Deno.test("on logarithmic axes equal ratios have equal lengths; what is not above 0 has no place there", async () => {
  const powers = [1, 10, 100, 1000].map((x): LineValue => ({ method: "gap", x, seed: 1, value: 5 * x ** 2 }));
  const drawn = (values: readonly LineValue[], logarithmic: "x" | "both") =>
    lines({
      ...{ title: "Power law", series: options.series.slice(0, 1), panels: [{ title: "Return", values }] },
      ...{ x: { title: "Pairs", ticks: [1, 10, 100, 1000] }, spread: "nothing", logarithmic },
    });
  const pointsOf = (svg: string) =>
    [...LINE_PATH.exec(svg)![1].matchAll(/[ML](-?[\d.]+),(-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
  const straight = pointsOf(await renderSvg(drawn(powers, "both")));
  const steps = straight.slice(1).map(([x, y], i) => [x - straight[i][0], y - straight[i][1]]);
  assertEquals(steps.length, 3);
  for (const step of steps) step.forEach((length, axis) => assert(Math.abs(length - steps[0][axis]) < 0.25));
  const bent = pointsOf(await renderSvg(drawn(powers, "x")));
  assert(Math.abs((bent[3][1] - bent[2][1]) / (bent[2][1] - bent[1][1]) - 100) < 10);
  const zero = { ...powers[0], value: 0 };
  assertThrows(
    () => drawn([zero], "both"),
    RangeError,
    "gap seed 1 in Return: 0 at 1 has no place on logarithmic axes",
  );
  drawn([zero], "x");
  assertThrows(() => drawn([{ ...powers[0], x: 0 }], "x"), RangeError, "at 0 has no place");
});
