import type { TaskMaking } from "#lib/bench/method_registry.ts";
import type { Profile } from "#lib/bench/profile.ts";
import { textOf } from "#lib/bench/responses.ts";
import type { Scoring, Task } from "#lib/bench/task.ts";
import { evaluateSet, metricsOf, workOf } from "#lib/evaluation/evaluate.ts";
import type { Saving } from "#lib/memory/saving.ts";
import { rougeL } from "#lib/metrics/rouge_l.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { INSTRUCTION_LIMITS } from "#lib/preferences/encode_pairs.ts";
import { digestOf } from "#lib/results/digest.ts";
import { mean } from "#lib/statistics/statistics.ts";
import { scoreAnswers } from "./answer_scores.ts";
import { pairCodecOf } from "./checkpoint_task.ts";
import type { DistilTexts } from "./distil_texts.ts";
import { identityOf, openStart, type StartingModel } from "./starting_model.ts";
import { identityOfTeacher, isModel, type Teacher, writtenBy } from "./teacher.ts";

/** Bumped when the numbers of distillations may move. */
const DISTIL_NUMERICS = { "task distil": 1 };

/** Who learns from whom, and what they read. */
export interface DistilSubject {
  readonly teacher: Teacher;
  readonly student: StartingModel;
  readonly texts: DistilTexts;
  /** What is done to hold less: of it, the models' forms and the student's changes move numbers. */
  readonly saving: Saving;
}

/** What decides the numbers of its cells beside the profile. */
export function distilMaking(
  { teacher, student, texts, saving: { teacherForm, studentForm, lora } }: DistilSubject,
): TaskMaking {
  return {
    name: "distil",
    numerics: DISTIL_NUMERICS,
    settings: {
      distil: {
        ...{ teacher: identityOfTeacher(teacher), student: identityOf(student), data: texts.digest },
        ...{ tokenizer: texts.codec.digest, template: digestOf(texts.template.source), actions: texts.vocabSize },
        eosIds: texts.eosIds,
        ...(teacherForm && { teacherForm }),
        ...(studentForm && { studentForm }),
        ...(lora && { lora }),
      },
    },
  };
}

/** Distilling a checkpoint into another on a person's data. */
export function distilTask(profile: Profile, subject: DistilSubject): Task {
  const { teacher, student, texts, saving } = subject;
  const { teacherForm, studentForm, lora, teacherApart } = saving;
  const { name, numerics, settings } = distilMaking(subject);
  const models = {
    student: { start: student, options: { form: studentForm, lora } },
    ...(isModel(teacher) && { teacher: { start: teacher, options: { form: teacherForm } } }),
  };
  return {
    name,
    corpus: name,
    profile,
    made: { settings, numerics },
    teacherTexts: isModel(teacher) ? undefined : writtenBy(teacher).texts,
    readTexts: () => Promise.resolve(texts),
    teacherValues: isModel(teacher) ? [identityOf(teacher), teacherForm ?? "f32"] : undefined,
    keepsTeacherApart: teacherApart,
    newModel(gpu, role, { vocabSize }, normalSource) {
      const { [role]: model } = models;
      if (model === undefined) throw new RangeError(`Cannot open the ${role}: only its texts are known`);
      return openStart(gpu, model.start, { ...model.options, actionCount: vocabSize }, normalSource);
    },
    score: (scoring, model) => scoreModel(scoring, subject, model),
    validation: {
      measure: "validation_rouge_l",
      score: (texts, { prompts }, responses) =>
        mean(responses.map(({ response }, i) => rougeL(textOf(texts, response), prompts[i].record.references))),
    },
    pairs: {
      codec: pairCodecOf(texts.template),
      limits: { ...profile.data, settings: INSTRUCTION_LIMITS },
      metric: "rouge_l",
    },
    heldOut: "held_out",
  };
}

/** The metric of the data's answers, perplexity of the references, and what answers are by themselves: greedy answers where the temperature is 0, else sampled ones. */
async function scoreModel(scoring: Scoring, { texts, teacher: whom }: DistilSubject, model: LanguageModel) {
  const { gpu, profile, stop, progressOf } = scoring;
  const { batchSize, temperature, topK, topP, samplingSeeds } = profile.evaluation;
  const { codec, eosIds, padId, scored, maxPositions } = texts;
  const [metrics, seeds] = [metricsOf(scored.set), temperature === 0 ? [] : samplingSeeds];
  const evaluated = workOf(scored, { metrics, seeds });
  const tell = progressOf("scoring");
  const progress = (done: number) => tell(done, evaluated + (isModel(whom) ? scored.items.length : 0));
  progress(0);
  const { scores, samples, answerIds } = await evaluateSet({ gpu, model, codec, eosIds, padId }, scored, {
    ...{ metrics, maxNewTokens: profile.data.maxNewTokens, batchSize, maxPositions, stop, progress },
    ...{ seeds, sampling: { temperature, topK, topP } },
  });
  const decoding = temperature === 0 ? "greedy" : "sampled";
  // After the model has written: a teacher that is kept apart is read for this alone.
  const known = isModel(whom)
    ? { teacher: (await scoring.teacher()).model }
    : { teacher: undefined, teacherTexts: writtenBy(whom).heldOut };
  const all = [
    ...scores.map(({ interval: _, ...score }) => score),
    ...await scoreAnswers(
      { gpu, texts, ...known, batchSize, stop, progress: (done) => progress(evaluated + done) },
      samples.map(({ response }, i) => ({ text: response, ids: answerIds[i] })),
    ),
  ];
  return { scores: all.map((score) => ({ ...score, decoding })), samples };
}
