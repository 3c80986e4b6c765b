import { assert, assertAlmostEquals, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { dots, type DotsOptions } from "./dots.ts";
import { renderSvg } from "./figure.ts";
import type { SeedValue } from "./seed_values.ts";
import { assertDrawing, countOf, descriptionOf, textsOf } from "./test_svg.ts";

const seeds = (method: string, values: readonly number[]): SeedValue[] =>
  values.map((value, i) => ({ method, seed: 10 * (i + 1), value }));
const values = [...seeds("sft", [0.3, 0.34]), ...seeds("kd", [0.4, 0.44]), ...seeds("ammd", [0.5, 0.54])];
const rows = [
  { label: "SFT", method: "sft" },
  { label: "KD", method: "kd" },
  { label: "AMMD", method: "ammd" },
];
const options: DotsOptions = {
  title: "Scores",
  rows,
  panels: [{ values }],
  x: { title: "ROUGE-L (%)", scale: 100 },
  reference: { label: "No method", method: "absent" },
};

const MARKER = /<path transform=/;
const BAR = /<line [^>]*stroke-width="1\.4"/;
const REFERENCE = /<line [^>]*stroke-width="1\.3"/;
/** Ticks are thin rectangles, one pixel wide. */
const TICK = /<path d="M[^"]*h1v14h-1Z"/;

Deno.test("a row has its dot, a bar and a tick per seed", async () => {
  const svg = await renderSvg(dots(options));
  assertDrawing(svg);
  assertEquals([MARKER, BAR, TICK].map((mark) => countOf(svg, mark)), [3, 3, 6]);
  assertEquals(textsOf(svg).filter((text) => ["SFT", "KD", "AMMD"].includes(text)), ["SFT", "KD", "AMMD"]);
  const note = "Dots: mean over seeds 10, 20. Bars: one sample standard deviation on each side. Ticks: the seeds.";
  assert(textsOf(svg).includes(note));
  assertEquals(descriptionOf(svg), `${note} ROUGE-L (%): SFT 32.0; KD 42.0; AMMD 52.0.`);
});

Deno.test("rows stand in their order from top to bottom and dots at their means", async () => {
  const svg = await renderSvg(dots({ ...options, rows: rows.toReversed() }));
  const places = [...svg.matchAll(/<path transform="translate\(([\d.]+),([\d.]+)\)"/g)].map(([, x, y]) => [+x, +y]);
  // Of each row, from the top: AMMD is the farthest to the right.
  const [ammd, kd, sft] = places.sort((a, b) => a[1] - b[1]);
  assert(sft[0] < kd[0] && kd[0] < ammd[0]);
  assert(Math.abs((kd[0] - sft[0]) - (ammd[0] - kd[0])) < 0.3);
});

Deno.test("one seed has a dot alone", async () => {
  const svg = await renderSvg(dots({ ...options, panels: [{ values: values.filter(({ seed }) => seed === 10) }] }));
  assertEquals([MARKER, BAR, TICK].map((mark) => countOf(svg, mark)), [3, 0, 0]);
  assert(textsOf(svg).includes("Dots: seed 10."));
});

Deno.test("intervals are bars in place of the standard deviation, of one seed too, and only where there are any", async () => {
  const intervals = new Map([["kd", [0.38, 0.46]], ["ammd", [0.5, 0.54]]] as const);
  const svg = await renderSvg(dots({ ...options, panels: [{ values, intervals }], bars: "95 % intervals" }));
  assertDrawing(svg);
  assertEquals([MARKER, BAR, TICK].map((mark) => countOf(svg, mark)), [3, 2, 6]);
  assert(textsOf(svg).includes("Dots: mean over seeds 10, 20. Bars: 95 % intervals. Ticks: the seeds."));
  const lengths = [...svg.matchAll(/<line ([^>]*)stroke-width="1\.4"/g)].map(([, line]) =>
    Math.abs(Number(/x2="(-?[\d.]+)"/.exec(line)![1]))
  );
  assertAlmostEquals(Math.max(...lengths) / Math.min(...lengths), 2, 0.05);
  const one = values.filter(({ seed }) => seed === 10);
  const single = await renderSvg(dots({ ...options, panels: [{ values: one, intervals }], bars: "95 % intervals" }));
  assertEquals([MARKER, BAR, TICK].map((mark) => countOf(single, mark)), [3, 2, 0]);
  assert(textsOf(single).includes("Bars: 95 % intervals."));
});

Deno.test("what has no values says so", async () => {
  const some = await renderSvg(dots({ ...options, panels: [{ values: seeds("kd", [0.1, 0.2]) }, { values: [] }] }));
  assertDrawing(some);
  // A white seam and the words, twice.
  assertEquals(textsOf(some).filter((text) => text === "no values").length, 4);
  assert(textsOf(some).includes("No values of ROUGE-L (%)"));
  for (const empty of [{ ...options, panels: [{ values: [] }] }, { ...options, rows: [] }]) {
    const svg = await renderSvg(dots(empty));
    assertDrawing(svg);
    assert(textsOf(svg).includes("No values of ROUGE-L (%)"));
    assertStringIncludes(descriptionOf(svg), "no values");
  }
});

Deno.test("panels share their scale and show labels once a line", async () => {
  const panels = ["Dolly", "Vicuna", "S-NI", "UnNI"].map((heading, i) => ({ heading, values: values.slice(i) }));
  const texts = textsOf(await renderSvg(dots({ ...options, panels })));
  assertEquals(texts.filter((text) => text === "KD").length, 2);
  assertEquals(texts.filter((text) => text === "ROUGE-L (%)").length, 4);
  for (const { heading } of panels) assert(texts.includes(heading));
  assertEquals(texts.filter((text) => text === "40").length, 4);
});

Deno.test("a reference is drawn in each panel that has it, and named", async () => {
  const panels = [{ values }, { values: values.filter(({ method }) => method !== "kd") }];
  for (const [reference, count] of [[{ label: "SFT", method: "kd" }, 1], [{ label: "SFT", value: 0.25 }, 2]] as const) {
    const svg = await renderSvg(dots({ ...options, panels, reference }));
    assertEquals(countOf(svg, REFERENCE), count);
    assert(textsOf(svg).includes("SFT"));
  }
});

Deno.test("what cannot be drawn is refused", () => {
  assertThrows(() => dots({ ...options, rows: [...rows, rows[0]] }), RangeError, "two rows with one label: SFT, KD");
  assertThrows(
    () => dots({ ...options, panels: [{ values: [...values, values[0]] }] }),
    RangeError,
    "two values for sft",
  );
  assertThrows(
    () => dots({ ...options, panels: [{ values: seeds("kd", [NaN]) }] }),
    RangeError,
    "kd seed 10: it is NaN",
  );
  assertThrows(() => dots({ ...options, panels: [] }), RangeError, "it has no panels");
});

Deno.test("labels are text", async () => {
  const hostile = "<script>&\"'{}[].\\";
  const svg = await renderSvg(
    dots({ ...options, rows: [{ label: hostile, method: "kd" }], reference: { label: hostile, value: 0 } }),
  );
  assertDrawing(svg);
  assertEquals(textsOf(svg).filter((text) => text === hostile).length, 2);
});

const anyValues = fc.uniqueArray(
  fc.record<SeedValue>({
    method: fc.constantFrom("sft", "kd", "ammd"),
    seed: fc.nat(3),
    value: fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }),
  }),
  { selector: ({ method, seed }) => `${method} ${seed}`, maxLength: 12 },
);

Deno.test("any values can be drawn, and their order does not change a byte", async () => {
  await fc.assert(
    fc.asyncProperty(anyValues, async (values) => {
      const reference = { label: "KD", method: "kd" };
      const draw = (values: SeedValue[]) =>
        renderSvg(dots({ ...options, reference, panels: [{ values }, { values }] }));
      const svg = await draw(values);
      assertDrawing(svg);
      assertEquals(await draw(values.toReversed()), svg);
    }),
    { numRuns: 15 },
  );
});
