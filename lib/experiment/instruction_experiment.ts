import type { Experiment } from "./experiment.ts";
import { instructionTask, type ModelFamily } from "./instruction_task.ts";
import type { Method } from "./method.ts";
import { Workbench } from "./workbench.ts";

type InstructionExperiment = Pick<Experiment, "name" | "source" | "description" | "onlyWhenNamed" | "report"> & {
  readonly methods: Readonly<Record<string, Method>>;
  /** Of teacher and students; default `llama`. */
  readonly family?: ModelFamily;
};

/** A table of students on the instruction sets: method by seed, each trained once in a run that makes several tables. */
export function instructionExperiment({ methods, family, ...experiment }: InstructionExperiment): Experiment {
  return {
    ...experiment,
    unusedSections: ["taskSpecific"],
    methods: Object.entries(methods).map(([name, { summary, key }]) => ({ name, summary, key })),
    async open(context) {
      const bench = await Workbench.open(context, await instructionTask(context, family));
      return {
        description: bench.texts.description,
        cell(name, seed) {
          const method = methods[name];
          return bench.once(`cell ${method.key(bench.profile)}, seed ${seed}`, () => method.run(bench, name, seed));
        },
      };
    },
  };
}
