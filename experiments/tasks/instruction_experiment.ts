import type { Experiment } from "#lib/bench/experiment.ts";
import { instructionFiles } from "#lib/data/instruction_folder.ts";
import type { DecoderFamilyName } from "#lib/models/decoder_config.ts";
import { instructionTask } from "./instruction_task.ts";
import type { Method } from "#lib/bench/method.ts";
import { NUMERICS } from "#lib/bench/numerics.ts";
import { Workbench } from "#lib/bench/workbench.ts";

type InstructionExperiment =
  & Pick<Experiment, "name" | "source" | "description" | "onlyWhenNamed" | "module" | "report">
  & {
    readonly methods: Readonly<Record<string, Method>>;
    /** Of teacher and students; default `llama`. */
    readonly family?: DecoderFamilyName;
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
      making: (profile) => ({ run: `${family}: ${key(profile)}`, settings: profile, numerics: NUMERICS }),
    })),
    dataFiles: instructionFiles,
    async open(context) {
      const bench = await Workbench.open(context, await instructionTask(context, family));
      return {
        description: { instructions: bench.texts.description },
        cell: (name, seed) => methods[name].run(bench, name, seed),
      };
    },
  };
}
