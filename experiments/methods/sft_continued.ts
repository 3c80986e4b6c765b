import { fromSft } from "#lib/bench/method.ts";
import { dataOf } from "#lib/bench/student_texts.ts";
import { fineTuneOn } from "#lib/bench/text_training.ts";
import { seriesStyle } from "#lib/reporting/figures/series_style.ts";

/** The fair baseline of every method that starts from the SFT student. */
export const sftContinued = fromSft({
  summary: "fine-tuning for as many further steps as the distilled students take",
  equation: "loss = −1/N Σ_t log q(y_t | s_t), texts of the data",
  label: "SFT continued",
  style: seriesStyle("grey", "solid", "circle"),
  numerics: 1,
  teacher: "none",
  train: (run) => fineTuneOn(run, dataOf(run)),
});
