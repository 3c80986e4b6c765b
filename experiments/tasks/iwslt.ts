import { BLEU } from "#lib/bench/task_metrics.ts";
import { PUBLISHED_TASKS } from "#lib/data/published_tasks.ts";
import test from "./iwslt/test.tsv" with { type: "text" };
import train from "./iwslt/train.tsv" with { type: "text" };
import validation from "./iwslt/validation.tsv" with { type: "text" };
import type { SequenceTask } from "./sequence_task.ts";

/** Translations from English to German: IWSLT 2017, in the form of `PUBLISHED_TASKS`. */
export const iwslt: SequenceTask = {
  label: "IWSLT",
  summary: "compiler messages, English to German",
  numerics: 1,
  format: PUBLISHED_TASKS.iwslt,
  metric: BLEU,
  embedded: {
    source: "messages of the TypeScript compiler in English and German",
    licence: "Apache-2.0",
    train,
    validation,
    test,
  },
};
