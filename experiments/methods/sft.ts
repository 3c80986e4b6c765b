import { defineMethod, scoreStudent } from "#lib/bench/method.ts";
import { seriesStyle } from "#lib/reporting/figures/series_style.ts";

/** The student fine-tuned on the data. */
export const sft = defineMethod({
  summary: "student fine-tuned on the data; where every method below starts",
  equation: "loss = −1/N Σ_t log q(y_t | s_t), texts of the data",
  label: "SFT",
  style: seriesStyle("grey", "dots", "circle", "hollow"),
  numerics: 1,
  teacher: "none",
  reads: ["data", "teacher", "student", "optimizer", "evaluation"],
  async run(bench, { seed }) {
    const { model, curves } = await bench.sftStudent(seed);
    return { ...await scoreStudent(bench, model, seed), curves };
  },
});
