import { datasetLabel } from "../display_names.ts";
import type { LabelledResponse, SampleGroup } from "../sample_groups.ts";
import { htmlText } from "./page_text.ts";

/** Sample responses side by side, by data set; each text in a box of its own, whose direction is its own. */
export function samplesHtml(groups: readonly SampleGroup[]): string {
  return [...Map.groupBy(groups, ({ dataset }) => dataset)].map(([dataset, of]) =>
    `<h4>${htmlText(datasetLabel(dataset))}</h4>
${of.map(sampleHtml).join("\n")}`
  ).join("\n");
}

/** As in "10 prompts, 16 methods, seed 10". */
export function samplesSummary(groups: readonly SampleGroup[]): string {
  const count = (names: Iterable<unknown>, one: string) => {
    const { size } = new Set(names);
    return `${size} ${one}${size === 1 ? "" : "s"}`;
  };
  const all = groups.flatMap(({ responses }) => responses);
  const seeds = [...new Set(all.map(({ seed }) => seed))].sort((a, b) => a - b);
  return [
    count(groups, "prompt"),
    count(all.map(({ label }) => label), "method"),
    `seed${seeds.length === 1 ? "" : "s"} ${seeds.join(", ")}`,
  ].join(", ");
}

function sampleHtml({ instruction, input, reference, responses }: SampleGroup): string {
  const seeds = new Set(responses.map(({ seed }) => seed));
  return `<article class="sample">
<dl class="prompt">
${entry("Prompt", text(input === "" ? instruction : `${instruction}\n${input}`))}
${entry("Reference", text(reference))}
</dl>
<dl class="responses">
${responses.map((response) => responseHtml(response, reference, seeds.size > 1)).join("\n")}
</dl>
</article>`;
}

function responseHtml({ label, seed, response }: LabelledResponse, reference: string, withSeed: boolean): string {
  const same = response === reference ? ' <span class="same">= reference</span>' : "";
  return entry(`<bdi>${htmlText(label)}</bdi>${withSeed ? `, seed ${seed}` : ""}${same}`, text(response));
}

function entry(term: string, description: string): string {
  return `<div><dt>${term}</dt>${description}</div>`;
}

function text(content: string): string {
  if (content === "") return '<dd class="missing">empty</dd>';
  return `<dd dir="auto">${htmlText(content, { keepLines: true })}</dd>`;
}
