import { ACCURACY } from "#lib/bench/task_metrics.ts";
import { PUBLISHED_TASKS } from "#lib/data/published_tasks.ts";
import test from "./strategyqa/test.tsv" with { type: "text" };
import train from "./strategyqa/train.tsv" with { type: "text" };
import validation from "./strategyqa/validation.tsv" with { type: "text" };
import type { SequenceTask } from "./sequence_task.ts";

/** Reasoning: StrategyQA, in the form of `PUBLISHED_TASKS`. */
export const strategyqa: SequenceTask = {
  label: "StrategyQA",
  summary: "whether a thing, described by its gloss, is of a kind",
  numerics: 1,
  format: PUBLISHED_TASKS.strategyqa,
  metric: ACCURACY,
  embedded: {
    source: "questions about the kinds of things, from WordNet 3.1",
    licence: "WordNet licence",
    train,
    validation,
    test,
  },
};
