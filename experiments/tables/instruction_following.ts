/**
 * Question: does matching moments adversarially (AMMD) teach a student to follow instructions better than learning the teacher's
 * words (SFT, SeqKD), its probabilities (KD, GKD, DistiLLM and others) or its reward (MiniLLM)?
 *
 * Source: AMMD (Jia 2024), Table 1: ROUGE-L on five instruction sets, every student from the SFT student.
 * Command: `deno task reproduce instruction_following`.
 * Result: results/<profile>/instruction_following/{scores,items,curves}.csv, table.md, average.svg, gain.svg, distances.svg.
 * docs/results.md says what it shows.
 */
import type { Experiment } from "#lib/bench/experiment.ts";
import { instructionExperiment } from "#experiments/tasks/instruction_experiment.ts";
import type { DecoderFamilyName } from "#lib/models/decoder_config.ts";
import type { PublishedNumbers } from "#lib/reporting/published_rows.ts";
import { reportOfMethods } from "#experiments/reports/instruction_report.ts";
import { METHODS } from "#experiments/methods/registry.ts";
import { PUBLISHED_GPT2, PUBLISHED_INSTRUCTION_FOLLOWING } from "#experiments/reports/published_numbers.ts";

export const instructionFollowing = table({
  name: "instruction_following",
  source: "AMMD, Table 1",
  description: "ROUGE-L on five instruction sets, of students distilled from one teacher",
  published: PUBLISHED_INSTRUCTION_FOLLOWING,
});

/** The same table for models of the architecture of GPT-2. */
export const gpt2InstructionFollowing = table({
  name: "gpt2_instruction_following",
  source: "AMMD, appendix, GPT-2",
  description: "the same table for models of GPT-2's architecture",
  family: "gpt2",
  published: PUBLISHED_GPT2,
  onlyWhenNamed: true,
});

interface Table extends Pick<Experiment, "name" | "source" | "description" | "onlyWhenNamed"> {
  readonly family?: DecoderFamilyName;
  readonly published: readonly PublishedNumbers[];
}

function table({ published, ...experiment }: Table): Experiment {
  return instructionExperiment({
    ...experiment,
    methods: METHODS,
    report(results) {
      const caption = `Instruction following (after ${experiment.source}), profile ${results.profile}`;
      return reportOfMethods(results, { caption, methods: Object.keys(METHODS), published });
    },
  });
}
