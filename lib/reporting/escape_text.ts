import { visibleText } from "#lib/visible_text.ts";

const HTML_ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text of an HTML element or of a quoted attribute; every character of it is seen. */
export function escapeHtml(text: string, options?: Parameters<typeof visibleText>[1]): string {
  return visibleText(text, options).replace(/[&<>"']/g, (character) => HTML_ENTITIES[character]);
}

/** What GitHub makes links, mentions and emoji of, of plain text too: a comment between the letters keeps them apart. */
const LINKED = /@|:(?=\/\/|[\w+-]+:)|\bwww(?=\.)|\b(?:mailto|xmpp)(?=:)/gi;

/** One line of text in Markdown as GitHub renders it, in a table or out of it: no tags, formatting, links or mentions. */
export function escapeMarkdown(text: string): string {
  return oneLine(text).replace(/[\\`*_[\]<>|~&$#]/g, "\\$&").replace(LINKED, "$&<!-- -->");
}

const LATEX_COMMANDS: Readonly<Record<string, string>> = {
  "\\": "\\textbackslash{}",
  "~": "\\textasciitilde{}",
  "^": "\\textasciicircum{}",
  "`": "\\textasciigrave{}",
  '"': "\\symbol{34}",
  "|": "\\textbar{}",
  "<": "\\textless{}",
  ">": "\\textgreater{}",
  "±": "$\\pm$",
  "−": "$-$",
  "×": "$\\times$",
  "·": "$\\cdot$",
  "≤": "$\\leq$",
  "≥": "$\\geq$",
  "→": "$\\rightarrow$",
  "↓": "$\\downarrow$",
  "†": "$\\dagger$",
  "Σ": "$\\Sigma$",
  "α": "$\\alpha$",
  "β": "$\\beta$",
  "γ": "$\\gamma$",
  "π": "$\\pi$",
  "σ": "$\\sigma$",
  "τ": "$\\tau$",
  "θ": "$\\theta$",
  // As the first letter of a row it would be an argument of the line break before it.
  "[": "{[}",
  "]": "{]}",
};

/** One line of text in LaTeX, in a table or out of it. */
export function escapeLatex(text: string): string {
  return oneLine(text).replace(/[\\~^`"|<>±−×·≤≥→↓†Σαβγπστθ[\]&%$#_{}]/g, (character) => {
    return LATEX_COMMANDS[character] ?? `\\${character}`;
  })
    // Two of either would be joined to one sign.
    .replace(/-(?=-)|'(?=')/g, "$&{}");
}

/** Names and captions are single lines: a line feed in one is shown. */
function oneLine(text: string): string {
  return visibleText(text).replace(/ +/g, " ").trim();
}
