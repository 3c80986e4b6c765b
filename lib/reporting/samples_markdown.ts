import { datasetLabel } from "./display_names.ts";
import { escapeMarkdown } from "./escape_text.ts";
import type { SampleGroup } from "./sample_groups.ts";
import { visibleText } from "#lib/visible_text.ts";

const TEXT_WIDTH = 100;
const EMPTY = "(empty)";

/**
 * Sample responses side by side as Markdown: a block for each prompt, which is shown as it is, without tags, links, formatting or
 * mentions. Lines are wrapped; those that continue a text are indented, so that no text can pass for that of another method.
 */
export function formatSamples(groups: readonly SampleGroup[]): string {
  const seeds = [...new Set(groups.flatMap(({ responses }) => responses.map(({ seed }) => seed)))].sort((a, b) =>
    a - b
  );
  const sections = [...Map.groupBy(groups, ({ dataset }) => dataset)].flatMap(([dataset, of]) => [
    `## ${escapeMarkdown(datasetLabel(dataset))}`,
    ...of.map((group) => block(group, seeds)),
  ]);
  const intro = `The responses of each method's first seed (${seeds.join(", ")}), to be read by eye.`;
  return ["# Sample responses", intro, ...sections].map((part) => `${part}\n`).join("\n");
}

function block({ instruction, input, reference, responses }: SampleGroup, seeds: readonly number[]): string {
  const entries = [
    ["Prompt", input === "" ? instruction : `${instruction}\n${input}`],
    ["Reference", reference],
    ...responses.map(({ label, seed, response }) => [seeds.length > 1 ? `${label}, seed ${seed}` : label, response]),
  ].map(([label, text]) => ({ label: visibleText(label), lines: wrapped(text) }));
  const width = Math.max(...entries.map(({ label }) => label.length));
  const [prompt, ref, ...answers] = entries.map(({ label, lines }) =>
    lines.map((line, i) => `${(i === 0 ? label : "").padEnd(width)}  ${line}`.trimEnd()).join("\n")
  );
  const body = [prompt, "", ref, "", ...answers].join("\n");
  const longest = Math.max(2, ...[...body.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}text\n${body}\n${fence}`;
}

/** Lines of at most `TEXT_WIDTH` letters, broken at spaces; a longer word has a line of its own. */
function wrapped(text: string): string[] {
  if (text === "") return [EMPTY];
  return text.split("\n").flatMap((line) => {
    const lines: string[] = [""];
    for (const word of visibleText(line).split(/(?<= )/)) {
      const longer = lines[lines.length - 1] + word;
      if (longer.length <= TEXT_WIDTH || lines[lines.length - 1] === "") lines[lines.length - 1] = longer;
      else lines.push(word);
    }
    return lines.map((line) => line.trimEnd());
  });
}
