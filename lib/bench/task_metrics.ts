import { meanScore } from "./responses.ts";
import { isCorrect } from "#lib/metrics/accuracy.ts";
import { bleuStatistics, corpusBleu, statisticColumns, sumStatistics } from "#lib/metrics/bleu.ts";
import { hasRougeWord, rougeL } from "#lib/metrics/rouge_l.ts";
import type { PairMetric } from "#lib/preferences/oracles/metric.ts";
import type { CellScore } from "#lib/results/cell_result.ts";

/** A response with the answers that scoring accepts, the one of training first. */
export interface Answer {
  readonly text: string;
  readonly references: readonly string[];
}

/** How the answers to a set are scored. */
export interface TaskMetric {
  /** As `scores.csv` names it. */
  readonly name: PairMetric;
  /** Whether it finds something in a reference to compare with; default: in all of them. */
  sees?(reference: string): boolean;
  /** The score of a set, over all draws of answers to it. */
  score(dataset: string, draws: readonly (readonly Answer[])[]): CellScore;
}

/** ROUGE-L, the best over the references: the mean over items and draws. */
export const ROUGE_L: TaskMetric = {
  ...itemMetric("rouge_l", ({ text, references }) => rougeL(text, references)),
  sees: hasRougeWord,
};

/** Whether the answer is the right one: the share of items and draws. */
export const ACCURACY = itemMetric("accuracy", ({ text, references }) => Number(isCorrect(text, references[0])));

/** Corpus BLEU: all draws are one corpus. What it is made of is kept sentence by sentence, for tests by resampling. */
export const BLEU: TaskMetric = {
  name: "bleu",
  score(dataset, draws) {
    const ofItems = draws[0].map((_, i) =>
      sumStatistics(draws.map((answers) => bleuStatistics(answers[i].text, answers[i].references[0])))
    );
    return {
      dataset,
      metric: "bleu",
      value: corpusBleu(sumStatistics(ofItems)).bleu,
      count: ofItems.length,
      statistics: statisticColumns(ofItems),
    };
  },
};

function itemMetric(name: PairMetric, scoreAnswer: (answer: Answer) => number): TaskMetric {
  return {
    name,
    score: (dataset, draws) => meanScore(dataset, name, draws.map((answers) => answers.map(scoreAnswer))),
  };
}
