import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type Figure, renderSvg } from "./figure.ts";
import { emptyView, page } from "./page.ts";
import { assertDrawing, countOf, descriptionOf, textsOf } from "./test_svg.ts";
import { textWidth, wrapText } from "./text_width.ts";

const view = emptyView("Nothing yet", { width: 200, height: 60 });
const blank = { legend: [], panels: [{ view, words: "Numbers." }], columns: 1, left: 60 };

Deno.test("a drawing carries its title and description for screen readers, and nothing else of that kind", async () => {
  const svg = await renderSvg(page({ ...blank, title: "A figure", notes: ["A note."] }));
  assertDrawing(svg);
  assertStringIncludes(svg, ' role="img"><title>A figure</title><desc>A note. Numbers.</desc>');
  assertEquals(countOf(svg, / (role|aria-[a-z]+|class)=/), 1);
  assertEquals(textsOf(svg).filter((text) => text !== "A figure"), ["Nothing yet", "A note."]);
});

Deno.test("the same figure gives the same bytes, alone or beside others", async () => {
  const figure = page({ ...blank, title: "A figure" });
  const other = page({ ...blank, title: "Another" });
  const [first, , second] = await Promise.all([renderSvg(figure), renderSvg(other), renderSvg(figure)]);
  assertEquals(first, second);
  assertEquals(await renderSvg(figure), first);
});

Deno.test("markup in texts is text", async () => {
  const hostile = "<script>alert(\"1\")</script> & 'x' ]]> <!-- {datum.x} ${y} $& $1";
  const figure = page({
    ...blank,
    title: hostile,
    notes: [hostile],
    panels: [{ heading: hostile, view: emptyView(hostile, { width: 900, height: 60 }), words: hostile }],
  });
  const svg = await renderSvg(figure);
  assertDrawing(svg);
  assert(!svg.includes("<script"));
  assertEquals(textsOf(svg), [hostile, hostile, hostile, hostile]);
  assertEquals(descriptionOf(svg), `${hostile} ${hostile}`);
});

Deno.test("what would not be seen in texts, or turn their order, is seen", async () => {
  const svg = await renderSvg(
    page({ ...blank, title: "a\x1b[2J\u202eb", panels: [{ view, words: "\u2066c\ud800" }], notes: ["d\x00"] }),
  );
  assertDrawing(svg);
  assertStringIncludes(svg, "<title>a\\u{1b}[2J\\u{202e}b</title><desc>d\\u{0} \\u{2066}c\\u{d800}</desc>");
  assert(textsOf(svg).includes("a\\u{1b}[2J\\u{202e}b") && textsOf(svg).includes("d\\u{0}"));
});

Deno.test("what the library warns of is an error", async () => {
  const nothing: Figure = {
    data: { values: [] },
    mark: "point",
    encoding: { x: { field: "x", type: "quantitative" } },
  };
  await assertRejects(() => renderSvg(nothing), Error, "Cannot draw the figure: Infinite extent");
  const wrong = {
    data: { values: [{ x: 1 }] },
    mark: "point",
    encoding: { sise: { field: "x" } },
  } as unknown as Figure;
  await assertRejects(() => renderSvg(wrong), Error, "Cannot draw the figure: sise-encoding is dropped");
});

Deno.test("coordinates have at most one decimal", async () => {
  const svg = await renderSvg({
    data: { values: [{ x: 1 / 3 }, { x: 1e-9 }, { x: 1 }, { x: 2 / 9 }] },
    mark: "line",
    encoding: { x: { field: "x", type: "quantitative" }, y: { field: "x", type: "quantitative" } },
  });
  assertDrawing(svg);
  assertEquals(countOf(svg, / (d|transform)="[^"]*\d\.\d\d/), 0);
  assertStringIncludes(svg, "66.7");
});

Deno.test("widths of text are those of Helvetica", () => {
  // Measured by a browser with Liberation Sans, in pixels at a size of 1000.
  assertEquals(textWidth("AMMD", 1000), 667 + 833 + 833 + 722);
  assertEquals(textWidth("ill", 10), 6.66);
  assert(textWidth("β", 10) === 6 && textWidth("文", 10) === 10);
  assert(textWidth("AMMD", 10, true) > textWidth("AMMD", 10));
});

Deno.test("lines are broken at spaces, and only too long ones", () => {
  assertEquals(wrapText("one two three", 10, textWidth("one two", 10)), ["one two", "three"]);
  assertEquals(wrapText("one two three", 10, 1000), ["one two three"]);
  assertEquals(wrapText("incomprehensibilities are", 10, 20), ["incomprehensibilities", "are"]);
  assertEquals(wrapText(" ", 10, 20), []);
});
