import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { formatReportPage } from "./report_page.ts";
import { examplePage, HOSTILE, HOSTILE_SEEN } from "./test_page.ts";
import STYLE from "./report_page.css" with { type: "text" };

const page = formatReportPage(await examplePage("walls", "Plain text"));
const hostile = formatReportPage(await examplePage(HOSTILE, HOSTILE));

Deno.test("the page is one file that loads and runs nothing", () => {
  for (const text of [page, hostile]) {
    assertEquals(
      text.match(/https?:|<(script|link|img|iframe|object|base|form)\b|@import|url\(|\shref="(?!#)/gi),
      null,
    );
    assertStringIncludes(text, `<meta http-equiv="Content-Security-Policy" content="default-src 'none';`);
  }
});

Deno.test("tags match, and every id is there once, also of figures that are alike", () => {
  for (const text of [page, hostile]) {
    const open: string[] = [];
    for (const [tag, closing, name, single] of text.matchAll(/<(\/?)([a-z][\w-]*)(?:\s[^<>]*?)?(\/?)>/g)) {
      if (/^(meta|!doctype)$/.test(name)) continue;
      if (closing) assertEquals(open.pop(), name, tag);
      else if (!single) open.push(name);
    }
    assertEquals(open, []);
    const ids = [...text.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
    assertEquals(new Set(ids).size, ids.length);
    const named = [...text.matchAll(/\s(?:href="#|aria-(?:labelledby|describedby)=")([^"]*)"/g)].map(([, id]) => id);
    assertEquals(named.filter((id) => !ids.includes(id)), []);
    assert(named.length > 6);
  }
});

Deno.test("a hostile text is text wherever it stands, and its unseen characters are seen", () => {
  // deno-lint-ignore no-control-regex
  assertEquals(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/.exec(hostile), null);
  const escaped = HOSTILE_SEEN.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const quoted = escaped.replaceAll('"', "&quot;").replaceAll("'", "&#39;");
  const marked = quoted.replace(/\\u\{\w+\}/g, '<span class="unseen">$&</span>');
  const dd = '<dd dir="auto">';
  assertStringIncludes(hostile, `<caption>${quoted}</caption>`);
  assertStringIncludes(hostile, `${dd}${marked}</dd>`);
  assertStringIncludes(hostile, `${dd}${marked}\n${marked}</dd>`);
  assertStringIncludes(hostile, `<dt><bdi>${marked}</bdi></dt>`);
  assertStringIncludes(hostile, `>${escaped}</title>`);
});

Deno.test("line feeds and tabs of a response stay, an empty one is told, and one that is the reference", async () => {
  const example = await examplePage("walls", "r");
  assertStringIncludes(page, '<dd dir="auto">r\n\tr</dd>');
  assertStringIncludes(page, '<dt><bdi>kd</bdi></dt><dd class="missing">empty</dd>');
  assertEquals(page.includes("= reference"), false);
  assertStringIncludes(formatReportPage(example), '<dt><bdi>r</bdi> <span class="same">= reference</span></dt>');
});

Deno.test("what has changed stands after the results, as it is given, its tables in boxes that scroll", () => {
  const text = formatReportPage({ profile: "tiny", experiments: [], changes: "<h3>One row</h3><table>\n</table>" });
  assertStringIncludes(text, '<li><a href="#changes">Changes</a></li>');
  assertStringIncludes(text, 'Changes since the last commit</h2>\n<h3>One row</h3><div class="scroll"');
  assertStringIncludes(text, "<table>\n</table>\n</div>\n</section>");
  assertStringIncludes(text, "Nothing has been recorded yet.");
  assertEquals(page.includes('id="changes"'), false);
});

Deno.test("text stands out from what it is on by 4.5 to 1 in light and dark", () => {
  const schemes = [...STYLE.matchAll(/:root \{([^}]*)\}/g)].slice(0, 2).map(([, rules]) => colorsOf(rules));
  assertEquals(schemes.length, 2);
  for (const colors of schemes) {
    for (const [text, ground] of [["ink", "paper"], ["muted", "paper"], ["accent", "paper"], ["ink", "card"]]) {
      assert(contrast(colors[text], colors[ground]) >= 4.5, `${text} on ${ground}`);
    }
    for (const [text, ground] of [["muted", "card"], ["accent", "card"], ["mark-ink", "mark"]]) {
      assert(contrast(colors[text], colors[ground]) >= 4.5, `${text} on ${ground}`);
    }
  }
  assertEquals(Math.round(contrast([255, 255, 255], [0, 0, 0])), 21);
});

type Color = readonly number[];

function colorsOf(rules: string): Record<string, Color> {
  return Object.fromEntries(
    [...rules.matchAll(/--([\w-]+): #(\w\w)(\w\w)(\w\w);/g)].map(([, name, ...parts]) => [
      name,
      parts.map((part) => parseInt(part, 16)),
    ]),
  );
}

/** As WCAG 2 defines it. */
function contrast(a: Color, b: Color): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color: Color): number {
  const [red, green, blue] = color.map((part) => part / 255).map((part) =>
    part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
