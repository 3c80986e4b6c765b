import { assert, assertEquals, assertThrows } from "@std/assert";
import { renderSvg } from "./figure.ts";
import { scatter, type ScatterOptions } from "./scatter.ts";
import type { SeedValue } from "./seed_values.ts";
import { assertDrawing, countOf, descriptionOf, textsOf } from "./test_svg.ts";
import { DISPLAY } from "../test_display.ts";

const of = (method: string, values: readonly number[]): SeedValue[] =>
  values.map((value, i) => ({ method, seed: i, value }));
const panel = {
  x: { title: "2 TV" },
  y: { title: "ROUGE-L (%)", scale: 100 },
  xs: [...of("kd", [1, 2]), ...of("ammd", [3, 4, 5])],
  ys: [...of("kd", [0.1, 0.2]), ...of("ammd", [0.3, 0.2])],
};
const options: ScatterOptions = {
  title: "Distance and score",
  panels: [panel],
  methods: [{ method: "kd" }, { method: "ammd" }],
  display: DISPLAY,
};
const MARKER = /<path transform=/;

Deno.test("a point for each model that has both measures, and their correlation", async () => {
  const svg = await renderSvg(scatter(options));
  assertDrawing(svg);
  assertEquals(countOf(svg, MARKER), 4 + 2);
  for (const text of ["2 TV", "ROUGE-L (%)", "KD", "AMMD"]) assert(textsOf(svg).includes(text), text);
  // By hand: x − 2.5 and y − 20 are −1.5 −0.5 0.5 1.5 and −10 0 10 0; r = 20 / sqrt(5 · 200).
  assert(textsOf(svg).includes("Points: trained models, one for each seed. Pearson's correlation: r = 0.63, n = 4."));
  assert(
    descriptionOf(svg).endsWith(
      "ROUGE-L (%) against 2 TV: KD (1.00, 10.0) (2.00, 20.0); AMMD (3.00, 30.0) (4.00, 20.0).",
    ),
  );
});

Deno.test("no correlation is told of two points or of a constant", async () => {
  const told = async (xs: SeedValue[], ys: SeedValue[]) =>
    textsOf(await renderSvg(scatter({ ...options, panels: [{ ...panel, xs, ys }] }))).some((text) =>
      text.includes("r =")
    );
  assertEquals(await told(of("kd", [1, 2]), of("kd", [1, 2])), false);
  assertEquals(await told(of("kd", [1, 1, 1]), of("kd", [1, 2, 3])), false);
  assertEquals(await told(of("kd", [1, 2, 4]), of("kd", [3, 2, 1])), true);
});

Deno.test("no points make a panel that says so, a method without points is named, and order does not matter", async () => {
  const none = await renderSvg(scatter({ ...options, panels: [{ ...panel, heading: "(a)", ys: [] }] }));
  assertDrawing(none);
  assert(textsOf(none).includes("No model with both measures"));
  const methods = [{ method: "kd" }, { method: "gkd", label: "GKD" }];
  const chosen = await renderSvg(scatter({ ...options, methods }));
  assertEquals(countOf(chosen, MARKER), 2 + 2);
  assert(textsOf(chosen).includes("No points for GKD."));
  const reversed = { ...panel, xs: panel.xs.toReversed(), ys: panel.ys.toReversed() };
  assertEquals(await renderSvg(scatter({ ...options, panels: [reversed] })), await renderSvg(scatter(options)));
});

Deno.test("values that cannot be drawn are refused", () => {
  const wrong = (xs: SeedValue[], ys: SeedValue[]) => () => scatter({ ...options, panels: [{ ...panel, xs, ys }] });
  assertThrows(wrong([...panel.xs, panel.xs[0]], panel.ys), RangeError, "Cannot draw two values for kd seed 0");
  assertThrows(wrong(panel.xs, of("kd", [NaN])), RangeError, "Cannot draw kd seed 0: it is NaN");
});
