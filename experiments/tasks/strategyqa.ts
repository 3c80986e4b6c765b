import { taskRecord } from "#lib/data/task_files.ts";
import { InputError } from "#lib/errors.ts";
import { excerpt } from "#lib/visible_text.ts";
import test from "./strategyqa/test.tsv" with { type: "text" };
import train from "./strategyqa/train.tsv" with { type: "text" };
import validation from "./strategyqa/validation.tsv" with { type: "text" };
import type { SequenceTask } from "./sequence_task.ts";
import { ACCURACY } from "./task_metrics.ts";

/**
 * Reasoning: StrategyQA (Geva et al. 2021, arXiv 2101.02235). Published as a JSON list, `question` to `answer`, true or false, read as
 * yes or no. Its facts and decompositions are not read: they would give the answer away.
 */
export const strategyqa: SequenceTask = {
  label: "StrategyQA",
  summary: "whether a thing, described by its gloss, is of a kind",
  numerics: 1,
  format: {
    extensions: [".json", ".jsonl"],
    parse: ({ question, answer }, where) => taskRecord({ question }, { answer: yesOrNo(answer, where) }, where),
  },
  metric: ACCURACY,
  embedded: {
    source: "questions about the kinds of things, from WordNet 3.1",
    licence: "WordNet licence",
    train,
    validation,
    test,
  },
};

function yesOrNo(answer: unknown, where: string): string {
  if (typeof answer === "boolean") return answer ? "yes" : "no";
  const word = typeof answer === "string" ? answer.trim().toLowerCase() : "";
  if (word === "yes" || word === "no") return word;
  throw new InputError(
    `${where}: answer is ${excerpt(JSON.stringify(answer) ?? "missing")} but must be true, false, "yes" or "no"`,
  );
}
