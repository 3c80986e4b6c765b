import type { Experiment } from "#lib/bench/experiment.ts";
import { instructionFiles } from "#lib/data/instruction_folder.ts";
import { FEW_RECORDS } from "./few_records.ts";
import { instructionMakingOf, instructionTaskOf } from "./checkpoint_instruction_task.ts";
import type { InstructionSubject } from "./instruction_task.ts";
import { checkDistinct, makingOf, type RegisteredMethod, rowOf, runMethod } from "#lib/bench/method_registry.ts";
import { Workbench } from "#lib/bench/workbench.ts";

type InstructionExperiment =
  & Pick<Experiment, "name" | "source" | "description" | "onlyWhenNamed" | "report">
  & Partial<InstructionSubject>
  & { readonly methods: Readonly<Record<string, RegisteredMethod>> };

/** A table of students on the instruction sets: method by seed, each trained once in a run that makes several tables. */
export function instructionExperiment(
  { methods, family = "llama", fewRecords = false, scoredOn, ...experiment }: InstructionExperiment,
): Experiment {
  checkDistinct(methods);
  const subject = { family, fewRecords, scoredOn };
  return {
    ...experiment,
    sections: fewRecords ? [FEW_RECORDS] : [],
    methods: Object.entries(methods).map(([name, method]) =>
      rowOf(name, method, (profile) => {
        // A teacher is the same whatever its students see.
        const ofStudents = method.reads.includes("student");
        return makingOf(method, profile, instructionMakingOf(profile, ofStudents ? subject : { family }));
      })
    ),
    dataFiles: instructionFiles,
    async open(context) {
      const bench = await Workbench.open(context, await instructionTaskOf(context, subject));
      return {
        get description() {
          return { instructions: bench.texts.description, ...bench.descriptions };
        },
        cell: (name, seed) => runMethod(methods[name], bench, { name, seed }),
      };
    },
  };
}
