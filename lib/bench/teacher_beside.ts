import { effectiveSettings, type RegisteredMethod } from "./method_registry.ts";
import { PREFERENCES } from "./preference_settings.ts";
import type { Profile } from "./profile.ts";

/**
 * Whether the teacher has to be in memory while a row's student trains: for its probabilities at states that the student has come to, or
 * where curves show how far it is from the teacher. Others ask it for texts, or for what is kept of it, before the first step.
 */
export function needsTeacherBeside(method: RegisteredMethod, profile: Profile): boolean {
  // Neither the teacher nor the SFT student has another beside it.
  if (!method.reads.includes("distillation")) return false;
  if (profile.evaluation.heldOut !== "loss") return true;
  if (method.teacher === "probabilities" && !takesBefore(method, profile)) return true;
  return method.sections?.includes(PREFERENCES) === true && PREFERENCES.of(profile).oracle === "teacherLogProb";
}

function takesBefore(method: RegisteredMethod, profile: Profile): boolean {
  return method.takesProbabilitiesBefore?.(effectiveSettings(method, profile)) ?? false;
}
