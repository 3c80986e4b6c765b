import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/csv";
import fc from "fast-check";
import type { ScoreRow } from "#lib/results/scores_csv.ts";
import { buildTable } from "./table.ts";
import { formatTable, TABLE_FORMATS } from "./table_formats.ts";

const score = (method: string, dataset: string): ScoreRow => (
  { experiment: "e", method, dataset, metric: "rouge_l", seed: 10, value: 0.5, count: 80 }
);

// Names made of every character that a format treats specially, and of some that would not be seen.
const nasty = fc.string({
  unit: fc.constantFrom(..."\\`*_[]<>|~&$#%{}^\"',;\n\r\x1b\u202e\u2028\u200b@:!- a1±"),
  minLength: 1,
  maxLength: 12,
});

Deno.test("no name can break the form of a table", () => {
  fc.assert(fc.property(nasty, nasty, nasty, (method, dataset, caption) => {
    const table = buildTable([score(method, dataset)], { caption });
    const markdown = formatTable(table, "md").split("\n").filter((line) => line.startsWith("|"));
    assertEquals(markdown.map((line) => line.match(/(?<=^|[^\\](?:\\\\)*)\|/g)!.length), [3, 3, 3]);
    assertEquals(parse(formatTable(table, "csv")).map((row) => row.length), [3, 3, 3]);
    const html = formatTable(table, "html");
    const tags = html.slice(html.indexOf("<table>"), html.indexOf("</div>")).match(/<\/?[a-z]+/g)!;
    assertEquals(tags.filter((tag) => tag.startsWith("</")).length * 2, tags.length);
    const body = formatTable(table, "latex").split("\n").filter((line) => line.endsWith("\\\\"));
    assertEquals(body.map((line) => line.replaceAll("\\&", "").split("&").length), [2, 2]);
    assertEquals(body.map((line) => balance(line.replaceAll(/\\[{}]/g, ""))), [0, 0]);
    for (const format of TABLE_FORMATS) assertSeen(formatTable(table, format));
  }));
});

const HOSTILE = {
  method: "<img src=x onerror=alert(1)>\x1b[2J\u202e",
  dataset: "<script>alert(1)</script>\x9b31m\u2066",
  caption: "</caption><script>\x07 [x](javascript:1) \\input{/etc/passwd} @user www.example.com",
};

Deno.test("a hostile method, data set and caption are text in every format", () => {
  const { method, dataset, caption } = HOSTILE;
  const table = buildTable([score(method, dataset)], { caption });
  const [md, csv, html, tex] = TABLE_FORMATS.map((format) => formatTable(table, format));
  for (const text of [md, csv, html, tex]) {
    assertSeen(text);
    assert(text.includes("u\\{1b\\}") || text.includes("u{1b}"), text);
  }
  assert(
    !/<(img|script)|<\/caption><s/.test(html) && html.includes("&lt;img src=x onerror=alert(1)&gt;\\u{1b}["),
    html,
  );
  assert(html.includes("<caption>&lt;/caption&gt;&lt;script&gt;"), html);
  assert(!/(?<!\\)[<[](?!!-- -->)/.test(md.split("\n- ")[0].replaceAll("<!-- -->", "")), md);
  assert(md.includes("@<!-- -->user www<!-- -->.example.com"), md);
  assert(!tex.includes("\\input") && tex.includes("\\textbackslash{}input\\{/etc/passwd\\}"), tex);
  assert(csv.includes("<img src=x onerror=alert(1)>\\u{1b}[2J\\u{202e}"), csv);
});

Deno.test("a row of LaTeX that begins with a bracket or a star is no argument of the line break before it", () => {
  const rows = formatTable(buildTable([score("[1ex]", "a"), score("*", "a")], { caption: "" }), "latex");
  assertEquals(rows.match(/^ *(\*|\[).*&/m), null);
});

/** Fails if a character acts on a terminal, a page or the reading order; line feeds are the format's own. */
function assertSeen(text: string): void {
  // deno-lint-ignore no-control-regex
  assertEquals(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/.exec(text), null);
}

function balance(text: string): number {
  return text.split("{").length - text.split("}").length;
}
