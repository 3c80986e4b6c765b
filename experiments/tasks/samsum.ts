import { ROUGE_L } from "#lib/bench/task_metrics.ts";
import { PUBLISHED_TASKS } from "#lib/data/published_tasks.ts";
import test from "./samsum/test.tsv" with { type: "text" };
import train from "./samsum/train.tsv" with { type: "text" };
import validation from "./samsum/validation.tsv" with { type: "text" };
import type { SequenceTask } from "./sequence_task.ts";

/** Summaries: SAMSum, in the form of `PUBLISHED_TASKS`. */
export const samsum: SequenceTask = {
  label: "SAMSum",
  summary: "summaries of endpoint descriptions",
  numerics: 1,
  format: PUBLISHED_TASKS.samsum,
  metric: ROUGE_L,
  embedded: {
    source: "descriptions of GitHub's endpoints and their summaries",
    licence: "octokit, MIT",
    train,
    validation,
    test,
  },
};
