import { assertEquals } from "@std/assert";
import { descriptionOf, inlineSvg, titleOf } from "./inline_svg.ts";

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="9" role="img"><title>A &lt;b&gt;</title>' +
  '<desc>Falls.</desc><defs><clipPath id="c0"><path d="M0,0"/></clipPath></defs><g fill="#0072b2" clip-path="url(#c0)">' +
  '<text> id="x" url(#c0)</text></g></svg>\n';

Deno.test("ids become the figure's own, colours and texts stay, and title and description stand for the picture", () => {
  assertEquals(
    inlineSvg(SVG, "f"),
    '<svg aria-labelledby="f-title" aria-describedby="f-desc" width="9" role="img"><title id="f-title">A &lt;b&gt;</title>' +
      '<desc id="f-desc">Falls.</desc><defs><clipPath id="f-c0"><path d="M0,0"/></clipPath></defs>' +
      '<g fill="#0072b2" clip-path="url(#f-c0)"><text> id="x" url(#c0)</text></g></svg>',
  );
  assertEquals([titleOf(SVG), descriptionOf(SVG)], ["A &lt;b&gt;", "Falls."]);
});
