import type { MethodDisplay, MethodDisplays } from "#lib/reporting/method_display.ts";
import type { Experiment } from "./experiment.ts";

/** How the rows of experiments are named and drawn, in their order; of a name that several have, the first says so. */
export function displayOf(experiments: readonly Pick<Experiment, "methods">[]): MethodDisplays {
  const display: Record<string, Partial<MethodDisplay>> = {};
  for (const { name, label, style } of experiments.flatMap(({ methods }) => methods)) {
    display[name] ??= { label, style };
  }
  return display;
}
