/**
 * Question: is it the moment distance that teaches, or would any distance between the policies do, on the same texts?
 *
 * Source: AMMD (Jia 2024), Figures 2, 4 and 5: step-wise distribution distances (Definition 3) on the teacher's texts (off), on the
 * student's own (on) and on both, against moment matching; Figures 7 and 8: how far every trained student is from its teacher.
 * Command: `deno task reproduce distances`.
 * Result: results/<profile>/distances/{scores,items,curves}.csv, table.md, held_out.md, average.svg, gain.svg, distances.svg.
 * docs/results.md says what it shows.
 */
import { instructionExperiment } from "#experiments/tasks/instruction_experiment.ts";
import { variantOf } from "#lib/bench/method.ts";
import type { Distance } from "#lib/objectives/distance.ts";
import {
  averageFigure,
  distanceFigure,
  gainFigure,
  heldOutTable,
  scoreTables,
} from "#experiments/reports/instruction_report.ts";
import { DISTANCE_ON, METHODS } from "#experiments/methods/registry.ts";
import { type Side, TEXTS } from "#experiments/methods/distance_on.ts";

const DISTANCES: Readonly<Record<string, { readonly label: string; readonly distance: Distance }>> = {
  forward_kl: { label: "Forward KL", distance: { kind: "forwardKl" } },
  reverse_kl: { label: "Reverse KL", distance: { kind: "reverseKl" } },
  jensen_shannon: { label: "Jensen-Shannon", distance: { kind: "jensenShannon", weight: 0.5 } },
  total_variation: { label: "Total variation", distance: { kind: "totalVariation" } },
};

const ROWS = Object.entries(DISTANCES).flatMap(([distanceName, { label, distance }]) =>
  (Object.keys(TEXTS) as Side[]).map((side) => ({
    name: `${distanceName}_${side}`,
    method: variantOf(DISTANCE_ON, { distance, side }, {
      summary: `${distanceName} on ${TEXTS[side]}`,
      label: `${label}, ${side === "both" ? "both" : `${side}-policy`}`,
    }),
  }))
);

export const distances = instructionExperiment({
  name: "distances",
  source: "AMMD, Figures 2, 4, 5, 7, 8",
  description: "distribution distances on the teacher's texts, the student's own and both, against moment matching",
  methods: {
    sft_continued: METHODS.sft_continued,
    ...Object.fromEntries(ROWS.map(({ name, method }) => [name, method])),
    ammd: METHODS.ammd,
    ammd_sft: METHODS.ammd_sft,
  },
  report(results) {
    const methods = ["sft_continued", ...ROWS.map(({ name }) => name), "ammd", "ammd_sft"];
    const about = `Distances between the policies (after AMMD, Figures 2, 4, 5, 7, 8), profile ${results.profile}`;
    return {
      tables: {
        ...scoreTables(results, { caption: about, methods }),
        held_out: heldOutTable(results, { caption: `${about}: what is left on held-out prompts`, methods }),
      },
      figures: {
        average: averageFigure(results, methods),
        gain: gainFigure(results, methods),
        distances: distanceFigure(results, methods),
      },
    };
  },
});
