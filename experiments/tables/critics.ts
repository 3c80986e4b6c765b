/**
 * Question: does AMMD's student learn more from the best response in closed form than from critics that learn, and does its sharpness matter?
 *
 * Source: this project (docs/moment_matching.md): f = tanh(c (log π* − log π_θ)) in the place of AMMD's (Jia 2024) critics.
 * Command: `deno task reproduce critics`.
 * Result: results/<profile>/critics/{scores,items,curves}.csv, table.md, held_out.md, average.svg, gain.svg, moments.svg.
 */
import { instructionExperiment } from "#experiments/tasks/instruction_experiment.ts";
import { type Changes, variantOf } from "#lib/bench/method.ts";
import {
  averageFigure,
  curvesOf,
  gainFigure,
  heldOutTable,
  scoreTables,
} from "#experiments/reports/instruction_report.ts";
import type { AmmdSettings } from "#experiments/methods/ammd.ts";
import { METHODS } from "#experiments/methods/registry.ts";

/** Rows of the ratio critic beside `ammd` itself: what they are, and the settings of `ammd` that they change. */
const VARIANTS: Readonly<Record<string, readonly [label: string, summary: string, Changes<AmmdSettings>]>> = {
  ratio_c_2: scaled(2),
  ratio_c_100: scaled(100),
  ratio_learned: ["AMMD (c learned)", "ammd with a c that ascends from 0.5", {
    critic: "ratio",
    ratio: { c: 0.5, learned: true },
  }],
};

function scaled(c: number): (typeof VARIANTS)[string] {
  const change = { critic: "ratio", ratio: { c, learned: false } } as const;
  return [`AMMD (c = ${c})`, `ammd with c = ${c}`, change];
}

const ROWS = {
  sft_continued: METHODS.sft_continued,
  ammd: METHODS.ammd,
  ammd_learned: METHODS.ammd_learned,
  ...Object.fromEntries(
    Object.entries(VARIANTS).map(([name, [label, summary, change]]) => [
      name,
      variantOf(METHODS.ammd, change, { label, summary }),
    ]),
  ),
};

export const critics = instructionExperiment({
  name: "critics",
  source: "AMMD, Algorithm 1",
  description: "critics that learn against the best response in closed form",
  methods: ROWS,
  report(results) {
    const methods = Object.keys(ROWS);
    const about = `Critics of adversarial moment matching, profile ${results.profile}`;
    return {
      tables: {
        ...scoreTables(results, { caption: about, methods }),
        held_out: heldOutTable(results, { caption: `${about}: held-out prompts at the end`, methods }),
      },
      figures: {
        average: averageFigure(results, methods),
        gain: gainFigure(results, methods),
        moments: curvesOf(results, "Moments on held-out prompts", methods, [
          ...["validation_d_off", "validation_d_on", "validation_two_tv_on", "validation_entropy_on"],
        ]),
      },
    };
  },
});
