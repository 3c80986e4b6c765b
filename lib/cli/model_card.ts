import type { CellScore } from "#lib/results/cell_result.ts";
import { datasetLabel } from "#lib/reporting/display_names.ts";
import { metricLabel, printMetric } from "#lib/metrics/metric_display.ts";
import { type Cell, fullAddressOf } from "#lib/runner/cell.ts";
import type { CodeVersion } from "#lib/results/git_repository.ts";
import type { HuggingFaceTokenizer } from "#lib/data/hugging_face_tokenizer.ts";

/** What a model card says of a model. */
export interface ModelCard {
  readonly cell: Cell;
  readonly profileName: string;
  readonly code: CodeVersion;
  readonly adapter: string;
  /** The command that writes the folder again. */
  readonly command: string;
  /** Those of the profile that the cell is given. */
  readonly settings: unknown;
  readonly scores: readonly CellScore[];
  /** How these compare with the recorded ones. */
  readonly comparison: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** One that was trained for the cell; a checkpoint keeps its own. */
  readonly tokenizer?: HuggingFaceTokenizer;
  readonly isDecoder: boolean;
}

/** The `README.md` of an exported model, with the header that the Hugging Face hub reads. */
export function formatModelCard(card: ModelCard): string {
  const { cell, profileName, code, adapter, command, settings, scores, comparison, data } = card;
  const { method, task, seed } = cell;
  const kind = card.isDecoder ? "text-generation" : "text2text-generation";
  return [
    ...["---", "library_name: transformers", `pipeline_tag: ${kind}`, "---", ""],
    `# ${fullAddressOf(cell)}`,
    "",
    `${method.label ?? method.name}: ${method.summary}.`,
    "",
    ...usage(card),
    "## Provenance",
    "",
    "| | |",
    "|---|---|",
    ...[
      ["table", cell.experiment.source],
      ["profile", profileName],
      ...(task === undefined ? [] : [["task", task]]),
      ["seed", String(seed)],
      ["commit", `${code.commit}${code.dirty === true ? ", with changes" : ""}`],
      ["adapter", adapter],
      ["Deno", Deno.version.deno],
      ["written by", `\`${command}\``],
    ].map(([name, value]) => `| ${name} | ${value} |`),
    "",
    "## Scores",
    "",
    comparison,
    "",
    "| data set | measure | value | items |",
    "|---|---|---:|---:|",
    ...scores.map(({ dataset, metric, value, count }) =>
      `| ${datasetLabel(dataset)} | ${metricLabel(metric)} | ${printMetric(metric, value)} | ${count} |`
    ),
    "",
    "## Settings and data",
    "",
    "```json",
    JSON.stringify({ settings, data }, null, 2),
    "```",
    "",
  ].join("\n");
}

function usage({ isDecoder, tokenizer }: ModelCard): string[] {
  if (tokenizer === undefined) {
    const prompts = isDecoder ? "Instructions stand in the form of Alpaca" : "Sources stand behind the task's prefix";
    return [
      `${prompts}; the tokenizer is that of the checkpoint that it was trained from, whose licence holds for it.`,
      "",
    ];
  }
  const { scaffoldCount, firstScaffold } = tokenizer;
  const prompt = isDecoder ? '"<ins> INSTRUCTION<res>"`, or `"<ins> INSTRUCTION<inp> INPUT<res>' : '" SOURCE<eos>';
  return [
    `A prompt is \`${prompt}"\`, each text with one space in front; the response ends with \`<eos>\`. Encode without special`,
    "tokens of the library's own: there are none to add.",
    "",
    ...(scaffoldCount === 0 ? [] : [
      `\`tokenizer.json\` has ${scaffoldCount} pieces, with ids from ${firstScaffold} on, that only lead to longer ones and that the model has no`,
      "embedding of. No training text leaves one; where another text does, take it apart into the two pieces of the first merge that",
      "makes it, again and again.",
      "",
    ]),
    "`golden.safetensors` and `golden.json` hold what the model made of a few texts when it was written: logits, loss, greedy",
    "continuations. `./run verify DIR` compares.",
    "",
  ];
}
