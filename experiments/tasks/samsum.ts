import { taskRecord } from "#lib/data/task_files.ts";
import test from "./samsum/test.tsv" with { type: "text" };
import train from "./samsum/train.tsv" with { type: "text" };
import validation from "./samsum/validation.tsv" with { type: "text" };
import type { SequenceTask } from "./sequence_task.ts";
import { ROUGE_L } from "./task_metrics.ts";

/**
 * Summaries: SAMSum (Gliwa et al. 2019, https://aclanthology.org/D19-5409). Published as CSV with a header or as a JSON list, `dialogue`
 * to `summary`; a dialogue may be empty, as one of them is.
 */
export const samsum: SequenceTask = {
  label: "SAMSum",
  summary: "summaries of endpoint descriptions",
  numerics: 1,
  format: {
    extensions: [".csv", ".json", ".jsonl"],
    columns: ["dialogue", "summary"],
    parse: ({ dialogue, summary }, where) => taskRecord({ dialogue }, { summary }, where, { mayBeEmpty: ["dialogue"] }),
  },
  metric: ROUGE_L,
  embedded: {
    source: "descriptions of GitHub's endpoints and their summaries",
    licence: "octokit, MIT",
    train,
    validation,
    test,
  },
};
