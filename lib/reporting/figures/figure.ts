import type { LoggerInterface } from "vega";
import type { TopLevelSpec } from "vega-lite";
import { visibleText } from "#lib/visible_text.ts";
import { tidySvg } from "./tidy_svg.ts";
import { textWidth } from "./text_width.ts";

/** A figure before it is drawn. Its `description` and the text of its title go into the drawing for those who cannot see it. */
export type Figure = TopLevelSpec;

/** A view of a figure that stands beside others. */
export type Panel = Extract<TopLevelSpec, { vconcat: readonly unknown[] }>["vconcat"][number];

/** A view that is drawn over others in the same panel. */
export type Layer = Extract<Panel, { layer: readonly unknown[] }>["layer"][number];

/**
 * Draws a figure as SVG 1.1: the same figure gives the same bytes, wherever it is drawn. The drawing library is loaded by the
 * first call.
 *
 * @throws {Error} if the library warns: what it warns of would not look as meant
 */
export async function renderSvg(figure: Figure): Promise<string> {
  const [vega, { compile }] = await Promise.all([import("vega"), import("vega-lite")]);
  // The library's own estimate, four fifths of the font size for any letter, leaves holes; a canvas would differ by machine.
  // Its type declarations leave the hook out.
  (vega as unknown as { textMetrics: TextMetrics }).textMetrics.width = (item, text) =>
    textWidth(text ?? "", item.fontSize ?? 11, item.fontWeight === "bold");
  const { logger, warnings } = collectWarnings();
  const view = new vega.View(vega.parse(compile(figure, { logger }).spec), { renderer: "none", logger });
  try {
    const svg = await view.toSVG();
    if (warnings.length > 0) throw new Error(`Cannot draw the figure: ${warnings.join("; ")}`);
    const texts = { title: visibleText(titleOf(figure)), description: visibleText(figure.description ?? "") };
    // XML has no place for control characters, and what turns the reading order would turn it in a name, too.
    return tidySvg(visibleText(svg, { keepLines: true }), texts);
  } finally {
    view.finalize();
  }
}

interface TextMetrics {
  width(item: { readonly fontSize?: number; readonly fontWeight?: string | number }, text: string | undefined): number;
}

/** A logger for the library that keeps warnings and errors, which it would otherwise write to the console. */
function collectWarnings() {
  const warnings: string[] = [];
  const keep = (...messages: readonly unknown[]) => {
    warnings.push(messages.map(String).join(" "));
    return logger;
  };
  const ignore = () => logger;
  const logger = { level: ignore, info: ignore, debug: ignore, warn: keep, error: keep } as LoggerInterface;
  return { logger, warnings };
}

function titleOf({ title }: Figure): string {
  const text = typeof title === "object" && "text" in title ? title.text : title;
  return typeof text === "string" ? text : Array.isArray(text) ? text.join(" ") : "";
}
