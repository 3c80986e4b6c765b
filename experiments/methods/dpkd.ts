import { z } from "zod";
import { fromSft } from "#lib/bench/method.ts";
import { recipeOf } from "#lib/bench/recipe.ts";
import { positive } from "#lib/bench/setting_schemas.ts";
import { dataOf } from "#lib/bench/student_texts.ts";
import { dpkd as dpkdObjective } from "#lib/objectives/preference/dpkd.ts";
import { seriesStyle } from "#lib/reporting/figures/series_style.ts";
import { trainOnTexts } from "#lib/training/train_on_texts.ts";

/** As the released code has it (microsoft/LMOps, folder dpkd), token by token; the text of the paper has whole sequences. */
export const dpkd = fromSft({
  summary: "the teacher's likeliest token above the student's, at the states of the data (Li et al. 2024)",
  source: {
    title: "Direct Preference Knowledge Distillation for Large Language Models (Li et al.)",
    year: 2024,
    url: "https://arxiv.org/abs/2406.19774",
  },
  equation:
    `loss = −log σ( β [ (log q(y_t) − log q(y_s)) − (log p(y_t) − log p(y_s)) ] ) + taskWeight CE, texts of the data
y_t = argmax p, y_s = argmax q at each token`,
  label: "DPKD",
  style: seriesStyle("orange", "short", "diamond", "hollow"),
  numerics: 1,
  teacher: "probabilities",
  settings: z.strictObject({
    beta: positive.default(0.1).describe("of the implicit reward"),
    taskWeight: z.number().min(0).default(0.5).describe("of cross-entropy on the same texts"),
  }),
  async train(run, settings) {
    const { bench, student } = run;
    const { model: teacher } = await bench.teacher();
    await trainOnTexts(bench.gpu, {
      ...recipeOf(run),
      store: student.store,
      nextTexts: dataOf(run),
      players: { student, teacher },
      objective: dpkdObjective(settings),
    });
  },
});
