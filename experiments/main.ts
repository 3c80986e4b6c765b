/** The program: the tasks of `deno.json` run it with a command and its arguments. */
import { main } from "#lib/cli/main.ts";
import { processTerminal } from "#lib/cli/terminal.ts";
import type { Experiment } from "#lib/bench/experiment.ts";
import { ablations } from "#experiments/tables/ablations.ts";
import { adversarialTraining } from "#experiments/tables/adversarial_training.ts";
import { combinationFactor } from "#experiments/tables/combination_factor.ts";
import { confidenceSet } from "#experiments/tables/confidence_set.ts";
import { critics } from "#experiments/tables/critics.ts";
import { distances } from "#experiments/tables/distances.ts";
import { fewRecords } from "#experiments/tables/few_records.ts";
import { METHODS, PREFERENCE_METHODS } from "#experiments/methods/registry.ts";
import { imitationGap } from "#experiments/imitation_gap/imitation_gap.ts";
import { gpt2InstructionFollowing, instructionFollowing } from "#experiments/tables/instruction_following.ts";
import { learningRates } from "#experiments/tables/learning_rates.ts";
import { onlineIterations } from "#experiments/tables/online_iterations.ts";
import { preferenceOracles } from "#experiments/tables/preference_oracles.ts";
import { preferenceTasks } from "#experiments/tables/preference_tasks.ts";
import { preferenceRates } from "#experiments/tables/preference_rates.ts";
import { preferenceBlackBox, preferenceWhiteBox } from "#experiments/tables/preferences.ts";
import { preferenceTheory } from "#experiments/preference_theory/preference_theory.ts";
import { textsPerStep } from "#experiments/tables/texts_per_step.ts";
import { taskCombinationFactor } from "#experiments/tables/task_combination_factor.ts";
import { taskSpecific } from "#experiments/tables/task_specific.ts";

/** Every experiment, in the order in which `list` shows and `reproduce` runs them. */
export const EXPERIMENTS: readonly Experiment[] = [
  instructionFollowing,
  fewRecords,
  gpt2InstructionFollowing,
  combinationFactor,
  adversarialTraining,
  distances,
  ablations,
  critics,
  textsPerStep,
  learningRates,
  taskSpecific,
  taskCombinationFactor,
  imitationGap,
  preferenceTheory,
  preferenceBlackBox,
  preferenceWhiteBox,
  preferenceRates,
  onlineIterations,
  confidenceSet,
  preferenceOracles,
  preferenceTasks,
];

/** The methods by which a student may be distilled. */
export const DISTIL_METHODS = { ...METHODS, ...PREFERENCE_METHODS };

if (import.meta.main) {
  // Without it Mesa's window-system probing prints error lines.
  if (Deno.build.os === "linux" && !Deno.env.get("XDG_RUNTIME_DIR")) Deno.env.set("XDG_RUNTIME_DIR", "/tmp");
  const status = await main(Deno.args, {
    experiments: EXPERIMENTS,
    methods: DISTIL_METHODS,
    terminal: processTerminal(),
    callerFolder: callerFolder(),
    program: import.meta.url,
  });
  Deno.exit(status);
}

/** Where the user called from, if not from the project's folder, in which `deno task` runs its commands. */
function callerFolder(): string | undefined {
  const project = decodeURIComponent(new URL("../", import.meta.url).pathname).replace(/\/$/, "");
  const caller = Deno.env.get("INIT_CWD");
  return caller === project ? undefined : caller;
}
