import type { EncodedSet } from "#lib/evaluation/encoded_set.ts";
import type { Evaluation } from "#lib/evaluation/evaluate.ts";
import { datasetLabel } from "#lib/reporting/display_names.ts";
import { metricLabel, printMetric } from "#lib/metrics/metric_display.ts";
import { hasRougeWord } from "#lib/metrics/rouge_l.ts";
import { DataNotes } from "#lib/data/data_notes.ts";
import type { EvaluationRecord } from "./evaluation_record.ts";

/** The scores as a table: a line a set and metric, each with its interval. */
export function formatEvaluation({ word, scores }: Pick<EvaluationRecord, "word" | "scores">): string {
  const heads = ["set", "metric", "value", "95 % interval", "items"];
  const rows = scores.map(({ dataset, metric, value, interval, count }) => [
    datasetLabel(dataset),
    metricLabel(metric),
    printMetric(metric, value),
    interval ? `${printMetric(metric, interval[0])} to ${printMetric(metric, interval[1])}` : "one item",
    String(count),
  ]);
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i].length)));
  const format = (row: readonly string[]) =>
    row.map((text, i) => (i < 2 ? text.padEnd(widths[i]) : text.padStart(widths[i]))).join("  ").trimEnd();
  return [word, format(heads), ...rows.map(format)].join("\n");
}

/** What is left out of the scores, or cannot be seen by them, in sentences. */
export function notesOf(encoded: readonly EncodedSet[], evaluations: readonly Evaluation[]): string[] {
  return encoded.flatMap(({ set, leftOut }, i) => {
    const notes = new DataNotes();
    const total = set.records.length;
    const { longPrompts, emptyPrompts, longReferences, shortTexts } = leftOut;
    const metrics = evaluations[i].scores.map(({ metric }) => metric);
    notes.count(set.name, longPrompts, total, "prompts are too long and left out");
    notes.count(set.name, emptyPrompts, total, "prompts have no token and are left out");
    notes.count(set.name, shortTexts, total, "texts have fewer than two tokens and are left out");
    notes.count(
      set.name,
      longReferences,
      total,
      "references do not fit the model's positions beside their prompt: perplexity is of the others",
    );
    if (metrics.includes("rouge_l")) notes.unseenReferences(set.name, set.records, "ROUGE-L", hasRougeWord);
    return notes.lines;
  });
}
