import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { WrittenAnswer } from "#lib/evaluation/answers.ts";
import { rougeL } from "#lib/metrics/rouge_l.ts";
import { mean } from "#lib/statistics/statistics.ts";
import type { WrittenTexts } from "./teacher.ts";
import { distinctN } from "#lib/metrics/distinct_n.ts";
import { perplexity, type Surprise, surpriseColumns, TEACHER_PERPLEXITY_OF_ITEMS } from "#lib/metrics/perplexity.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { surprisesOf } from "#lib/objectives/surprise.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import type { CellScore } from "#lib/results/cell_result.ts";
import type { DistilTexts } from "./distil_texts.ts";

export interface AnswerScoring {
  readonly gpu: Gpu;
  readonly texts: DistilTexts;
  /** Undefined where only its texts are known. */
  readonly teacher: LanguageModel | undefined;
  /** Of such a teacher, its texts on scored items, by their index. */
  readonly teacherTexts?: WrittenTexts["heldOut"];
  /** Texts that the teacher reads at once. */
  readonly batchSize: number;
  readonly stop: AbortSignal;
  /** Told how many answers the teacher has read. */
  readonly progress?: (done: number) => void;
}

/**
 * What answers are by themselves, whatever the references: how likely their teacher finds them (perplexity, over the tokens of the answers
 * without their ends), or how near they come to its texts where only those are known (ROUGE-L, over the items that it has answered), and
 * how varied they are (distinct-1 and distinct-2). An answer without a token is left out of perplexity.
 *
 * @param answers one to each item of the scored set, in its order
 */
export async function scoreAnswers(
  { gpu, texts, teacher, teacherTexts = new Map(), batchSize, stop, progress }: AnswerScoring,
  answers: readonly WrittenAnswer[],
): Promise<CellScore[]> {
  const { set: { name: dataset }, items } = texts.scored;
  const spelt = answers.map(({ text }) => text);
  const distinct = [1, 2].map((n) => (
    { dataset, metric: `distinct_${n}`, value: distinctN(spelt, n), count: answers.length }
  ));
  if (teacher === undefined) {
    const scores = [...teacherTexts].map(([index, references]) => rougeL(spelt[index], references));
    if (scores.length === 0) return distinct;
    const nearness = { dataset, metric: "teacher_rouge_l", value: mean(scores), count: scores.length, items: scores };
    return [nearness, ...distinct];
  }
  const read = answers.map(({ ids }, i): Trajectory => ({ prompt: items[i].promptIds, response: ids }))
    .filter(({ response }) => response.length > 0);
  if (read.length === 0) return distinct;
  const nats = await surprisesOf(gpu, teacher, read, { batchSize, stop, progress });
  const surprises = read.map(({ response }, i): Surprise => ({ nats: nats[i], tokens: response.length }));
  return [
    {
      ...{ dataset, metric: TEACHER_PERPLEXITY_OF_ITEMS.metric, value: perplexity(surprises), count: read.length },
      // Answers of different models are to different prompts where one has none.
      ...(read.length === items.length ? { statistics: surpriseColumns(surprises, TEACHER_PERPLEXITY_OF_ITEMS) } : {}),
    },
    ...distinct,
  ];
}
