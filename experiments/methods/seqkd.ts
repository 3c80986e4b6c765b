import { fromSft } from "#lib/bench/method.ts";
import { teacherTextsOf } from "#lib/bench/student_texts.ts";
import { fineTuneOn } from "#lib/bench/text_training.ts";

export const seqkd = fromSft({
  summary: "fine-tuning on one text of the teacher for each prompt (Kim & Rush 2016)",
  module: import.meta.url,
  key: "seqkd",
  train: async (run) => fineTuneOn(run, await teacherTextsOf(run)),
});
