import type { Experiment } from "./experiment.ts";
import { instructionTask, type ModelFamily } from "./instruction_task.ts";
import type { Method } from "./method.ts";
import { Workbench } from "./workbench.ts";

type InstructionExperiment =
  & Pick<Experiment, "name" | "source" | "description" | "onlyWhenNamed" | "module" | "report">
  & {
    readonly methods: Readonly<Record<string, Method>>;
    /** Of teacher and students; default `llama`. */
    readonly family?: ModelFamily;
  };

/** A table of students on the instruction sets: method by seed, each trained once in a run that makes several tables. */
export function instructionExperiment({ methods, family = "llama", ...experiment }: InstructionExperiment): Experiment {
  return {
    ...experiment,
    modules: [import.meta.url],
    methods: Object.entries(methods).map(([name, { summary, module, variant, key }]) => ({
      name,
      summary,
      module,
      variant,
      key: (profile) => `${family}: ${key(profile)}`,
    })),
    async open(context) {
      const bench = await Workbench.open(context, instructionTask(context, family));
      return {
        description: { instructions: bench.texts.description },
        cell: (name, seed) => methods[name].run(bench, name, seed),
      };
    },
  };
}
