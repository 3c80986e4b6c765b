import type { ModelSettings, Profile } from "./profile.ts";
import type { ModelRole } from "./task.ts";

/** The sizes of a model that starts from drawn values. @throws {RangeError} where the profile has a checkpoint in their place */
export function sizesOf(profile: Pick<Profile, ModelRole>, role: ModelRole): ModelSettings {
  const { model } = profile[role];
  if (model === undefined) throw new RangeError(`Cannot make a ${role} of sizes: the profile has none`);
  return model;
}
