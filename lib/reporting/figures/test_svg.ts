import { assert, assertEquals } from "@std/assert";

/** Each text of a drawing, entities resolved; lines of one text apart. */
export function textsOf(svg: string): string[] {
  return [...svg.matchAll(/<(?:text|tspan)[^>]*>([^<]+)</g)].map(([, text]) => unescapeText(text));
}

/** The description that screen readers read. */
export function descriptionOf(svg: string): string {
  return unescapeText(/<desc>([^<]*)<\/desc>/.exec(svg)![1]);
}

export function countOf(svg: string, pattern: RegExp): number {
  return svg.match(new RegExp(pattern, "g"))?.length ?? 0;
}

/** Fails unless tags match, attributes are well formed, and every coordinate is a number. */
export function assertDrawing(svg: string): void {
  const open: string[] = [];
  for (const [tag, closing, name, attributes, single] of svg.matchAll(/<(\/?)([\w-]+)((?: [^<>]*?)?)(\/?)>/g)) {
    assert(/^(?: [\w:-]+="[^"<>]*")*$/.test(attributes), `attributes of ${tag}`);
    assert(!/NaN|Infinity|undefined|null/.test(attributes), tag);
    if (closing) assertEquals(open.pop(), name);
    else if (!single) open.push(name);
  }
  assertEquals(open, []);
  assertEquals(countOf(svg, /</), countOf(svg, /<\/?[\w-]+(?: [\w:-]+="[^"<>]*")*\/?>/));
  assert(!/&(?!(amp|lt|gt|quot|#x[0-9A-F]+);)/.test(svg), "a bare ampersand");
  assert(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg"') && svg.endsWith("</svg>\n"));
}

function unescapeText(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
