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
