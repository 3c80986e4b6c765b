import { defineMethod, scoreAndHandOver } from "#lib/bench/method.ts";
import { seriesStyle } from "#lib/reporting/figures/series_style.ts";

/** The teacher itself, scored with the seed's samples. */
export const teacher = defineMethod({
  summary: "the larger model that the students are to imitate",
  equation: "loss = −1/N Σ_t log p(y_t | s_t), texts of the data",
  label: "Teacher",
  style: seriesStyle("black", "dots", "diamond"),
  numerics: 1,
  teacher: "probabilities",
  reads: ["data", "teacher", "optimizer", "evaluation"],
  async run(bench, { seed }) {
    const { model, curves } = await bench.teacher();
    return { ...await scoreAndHandOver(bench, model, seed), curves };
  },
});
