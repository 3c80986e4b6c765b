/**
 * Question: does a reward that preference pairs allow (PbKD) teach a student better than the teacher's texts, than learning from the same
 * pairs without a reward (DPO, PLaD), or, where the teacher's probabilities are known, than KD, GKD and AMMD? Do rounds of fresh pairs help?
 *
 * Source: PbKD (Jia 2025), of which the tables are not public: sets, models, oracle and all numbers are this project's.
 * Command: `deno task reproduce preference_black_box preference_white_box`.
 * Result: results/<profile>/preference_{black,white}_box/{scores,items,curves}.csv, table.md, held_out.md, average.svg, gain.svg,
 * distances.svg, training.svg.
 */
import { METHODS, PREFERENCE_METHODS } from "#experiments/methods/registry.ts";
import { reportOfMethods } from "#experiments/reports/instruction_report.ts";
import { preferenceTables, textCurves } from "#experiments/reports/preference_report.ts";
import { instructionExperiment } from "#experiments/tasks/instruction_experiment.ts";
import type { Experiment } from "#lib/bench/experiment.ts";
import type { RegisteredMethod } from "#lib/bench/method_registry.ts";

const { sft, sft_continued, seqkd, kd, gkd, ammd } = METHODS;
const { dpo, plad, plad_margin, dpkd, reward_mle } = PREFERENCE_METHODS;
const { pbkd_offline, pbkd_online, mm_pbkd_offline, mm_pbkd_online } = PREFERENCE_METHODS;

/** Of a teacher that gives text alone. */
export const BLACK_BOX = { sft, sft_continued, seqkd, dpo, plad, plad_margin, reward_mle, pbkd_offline, pbkd_online };
/** Of one whose probabilities are known; SFT continued is what gains are taken over. */
export const WHITE_BOX = { sft_continued, kd, gkd, ammd, dpkd, mm_pbkd_offline, mm_pbkd_online };

export const preferenceBlackBox = table({
  name: "preference_black_box",
  about: "students of a teacher that gives text alone",
  methods: BLACK_BOX,
});

export const preferenceWhiteBox = table({
  name: "preference_white_box",
  about: "students of a teacher whose probabilities are known",
  methods: WHITE_BOX,
});

interface Table {
  readonly name: string;
  readonly about: string;
  readonly methods: Readonly<Record<string, RegisteredMethod>>;
}

function table({ name, about, methods }: Table): Experiment {
  return instructionExperiment({
    name,
    source: "PbKD, its comparisons",
    description: `ROUGE-L on five instruction sets, of ${about}`,
    methods,
    report(results) {
      const caption = `Distillation by preferences: ${about}, profile ${results.profile}`;
      const { methods: shown = Object.keys(methods) } = results;
      const rows = { caption, methods: shown };
      return {
        tables: preferenceTables(results, rows),
        figures: { ...reportOfMethods(results, rows).figures, training: textCurves(results, shown) },
      };
    },
  });
}
