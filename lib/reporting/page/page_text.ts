import { escapeHtml } from "../escape_text.ts";
import { visibleParts, type VisibleTextOptions } from "#lib/visible_text.ts";

/** Text of an element, in which escapes stand out from what the text itself says. */
export function htmlText(text: string, options?: VisibleTextOptions): string {
  return visibleParts(text, options).map(({ text, escaped }) =>
    escaped ? `<span class="unseen">${escapeHtml(text)}</span>` : escapeHtml(text, options)
  ).join("");
}

/** A part of an id or of a link to it, of any name; different names give different parts. */
export function idOf(name: string): string {
  return name.replace(/[^a-z0-9_]/g, (character) => `-${character.charCodeAt(0).toString(16)}`);
}

/** As in "Instruction following". */
export function headingOf(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A box that scrolls sideways, which the page itself never does; the keyboard reaches it. */
export function scrollBox(label: string, content: string): string {
  return `<div class="scroll" role="region" tabindex="0" aria-label="${escapeHtml(label)}">\n${content}\n</div>`;
}

/** A part that is folded until it is wanted. */
export function folded(summary: string, content: string): string {
  return `<details>\n<summary>${summary}</summary>\n${content}\n</details>`;
}
