import type { Experiment } from "./experiment.ts";
import type { Profile } from "./profile.ts";
import { expectKnown } from "./suggestion.ts";

/**
 * The experiments that a profile has: all of them, or those that it names; of a profile that is a trial with the methods that it names.
 *
 * @throws {InputError} where it names what there is not
 */
export function experimentsOf(
  experiments: readonly Experiment[],
  { trial, experiments: named }: Pick<Profile, "trial" | "experiments">,
): readonly Experiment[] {
  if (named !== undefined) {
    for (const name of named) expectKnown("experiment", name, experiments.map(({ name }) => name));
    const chosen = experiments.filter(({ name }) => named.includes(name));
    return trial === undefined
      ? chosen.map((each) => ({ ...each, onlyWhenNamed: false }))
      : experimentsOf(chosen, { trial });
  }
  if (trial === undefined) return experiments;
  for (const name of trial.experiments) expectKnown("experiment", name, experiments.map(({ name }) => name));
  const chosen = experiments.filter(({ name }) => trial.experiments.includes(name));
  const known = [...new Set(chosen.flatMap(({ methods }) => methods.map(({ name }) => name)))];
  for (const name of trial.methods) expectKnown("method", name, known);
  return chosen.map((experiment) => withMethods(experiment, trial.methods));
}

function withMethods(experiment: Experiment, names: readonly string[]): Experiment {
  const methods = experiment.methods.filter(({ name }) => names.includes(name));
  return {
    ...experiment,
    onlyWhenNamed: false,
    methods,
    report: (results) => experiment.report({ ...results, methods: methods.map(({ name }) => name) }),
  };
}
