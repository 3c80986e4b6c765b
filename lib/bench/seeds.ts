import type { Experiment } from "./experiment.ts";
import type { Profile } from "./profile.ts";

/** The seeds that a profile has for an experiment: its own where it has some, else those of all. */
export function seedsOf({ name }: Pick<Experiment, "name">, { seeds, seedsOf: own }: Profile): readonly number[] {
  return own[name] ?? seeds;
}
