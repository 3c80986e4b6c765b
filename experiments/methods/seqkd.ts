import { fromSft } from "#lib/bench/method.ts";
import { teacherTextsOf } from "#lib/bench/student_texts.ts";
import { fineTuneOn } from "#lib/bench/text_training.ts";
import { seriesStyle } from "#lib/reporting/figures/series_style.ts";

/** The paper finds the teacher's texts by beam search; here they are sampled, once for all seeds. */
export const seqkd = fromSft({
  summary: "fine-tuning on one text of the teacher for each prompt (Kim & Rush 2016)",
  source: {
    title: "Sequence-Level Knowledge Distillation (Kim & Rush)",
    year: 2016,
    url: "https://arxiv.org/abs/1606.07947",
  },
  equation: "loss = −1/N Σ_t log q(y_t | s_t), texts of the teacher",
  label: "SeqKD",
  style: seriesStyle("orange", "dots", "square", "hollow"),
  numerics: 1,
  teacher: "texts",
  train: async (run) => fineTuneOn(run, await teacherTextsOf(run)),
});
