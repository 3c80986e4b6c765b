import type { Experiment } from "#lib/bench/experiment.ts";
import { instructionFiles } from "#lib/data/instruction_folder.ts";
import {
  INSTRUCTION_NUMERICS,
  type InstructionSubject,
  instructionTask,
  instructionTaskName,
} from "./instruction_task.ts";
import { checkDistinct, makingOf, type RegisteredMethod, rowOf, runMethod } from "#lib/bench/method_registry.ts";
import { Workbench } from "#lib/bench/workbench.ts";

type InstructionExperiment =
  & Pick<Experiment, "name" | "source" | "description" | "onlyWhenNamed" | "report">
  & {
    readonly methods: Readonly<Record<string, RegisteredMethod>>;
    readonly subject?: InstructionSubject;
  };

/** A table of students on the instruction sets: method by seed, each trained once in a run that makes several tables. */
export function instructionExperiment({ methods, subject = {}, ...experiment }: InstructionExperiment): Experiment {
  checkDistinct(methods);
  return {
    ...experiment,
    methods: Object.entries(methods).map(([name, method]) =>
      rowOf(name, method, (profile) =>
        makingOf(method, profile, {
          name: instructionTaskName(subject),
          numerics: INSTRUCTION_NUMERICS,
          settings: {},
        }))
    ),
    dataFiles: instructionFiles,
    async open(context) {
      const bench = await Workbench.open(context, instructionTask(context, subject));
      return {
        description: { instructions: bench.texts.description },
        cell: (name, seed) => runMethod(methods[name], bench, { name, seed }),
      };
    },
  };
}
