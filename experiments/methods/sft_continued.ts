import { fromSft } from "#lib/bench/method.ts";
import { dataOf } from "#lib/bench/student_texts.ts";
import { fineTuneOn } from "#lib/bench/text_training.ts";

/** The fair baseline of every method that starts from the SFT student. */
export const sftContinued = fromSft({
  summary: "fine-tuning for as many further steps as the distilled students take",
  module: import.meta.url,
  key: "sft_continued",
  train: (run) => fineTuneOn(run, dataOf(run)),
});
