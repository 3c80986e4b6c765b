import { assert, assertEquals, assertThrows } from "@std/assert";
import { renderSvg } from "./figure.ts";
import { response, type ResponseOptions } from "./response.ts";
import { assertDrawing, countOf, descriptionOf, textsOf } from "./test_svg.ts";

const values = ["b0", "b25", "b100", "kd"].flatMap((method, i) =>
  [10, 20].map((seed) => ({ method, seed, value: 0.1 * (i + 1) + seed / 1000 }))
);
const options: ResponseOptions = {
  title: "Combination factor",
  x: { title: "β" },
  y: { title: "ROUGE-L (%)", scale: 100 },
  settings: [{ method: "b100", x: 1 }, { method: "b0", x: 0 }, { method: "b25", x: 0.25 }],
  panels: [{ values }],
  reference: { label: "No method", method: "absent" },
};

const LINE = /<path [^>]*stroke-width="1\.6"/;
const BAR = /<line [^>]*stroke-width="1\.1"/;
const MARKER = /<path transform=/;

Deno.test("a line goes through the means at the settings, each with its bar", async () => {
  const svg = await renderSvg(response(options));
  assertDrawing(svg);
  assertEquals([LINE, BAR, MARKER].map((mark) => countOf(svg, mark)), [1, 3, 3]);
  const texts = textsOf(svg);
  for (const tick of ["0", "0.25", "1"]) assert(texts.includes(tick), tick);
  assert(texts.includes("Points: mean over seeds 10, 20. Bars: one sample standard deviation on each side."));
  assert(descriptionOf(svg).endsWith("ROUGE-L (%) by β: 1: 31.5; 0: 11.5; 0.25: 21.5."));
  const [, path] = /<path d="([^"]*)" [^>]*stroke-width="1\.6"/.exec(svg)!;
  const xs = [...path.matchAll(/[ML](-?[\d.]+),/g)].map(([, x]) => Number(x));
  assert(Math.abs((xs[1] - xs[0]) / (xs[2] - xs[0]) - 0.25) < 0.001, "x is in proportion");
});

Deno.test("references lie across, each panel's own", async () => {
  const panels = [{ heading: "Dolly", values }, { heading: "S-NI", values: values.slice(0, 6) }];
  const svg = await renderSvg(response({ ...options, panels, reference: { label: "KD", method: "kd" } }));
  assertDrawing(svg);
  assertEquals(countOf(svg, /<line [^>]*stroke-width="1\.3"/), 1);
  assert(["KD", "Dolly", "S-NI"].every((text) => textsOf(svg).includes(text)));
});

Deno.test("one seed, no values and the order of the rows", async () => {
  const one = await renderSvg(response({ ...options, panels: [{ values: values.filter(({ seed }) => seed === 10) }] }));
  assertEquals(countOf(one, BAR), 0);
  assert(textsOf(one).includes("Points: seed 10."));
  const none = await renderSvg(response({ ...options, panels: [{ values: [] }] }));
  assertDrawing(none);
  assert(textsOf(none).includes("No values of ROUGE-L (%)"));
  const svg = await renderSvg(response(options));
  assertEquals(await renderSvg(response({ ...options, panels: [{ values: values.toReversed() }] })), svg);
});

Deno.test("what cannot be drawn is refused", () => {
  const settings = [{ method: "b0", x: 1 }, { method: "b25", x: 1 }];
  assertThrows(() => response({ ...options, settings }), RangeError, "Cannot draw two values for");
  assertThrows(
    () => response({ ...options, panels: [{ values: [values[0], values[0]] }] }),
    RangeError,
    "two values for response seed 10 at 0",
  );
});
