import type { Profile } from "#lib/bench/profile.ts";
import { distillationOf } from "#lib/bench/recipe.ts";
import type { SettingIssue } from "#lib/bench/section.ts";

/** A buffer that texts are drawn from without replacement holds a batch at least. */
export function checkCapacity(
  { capacity }: { readonly capacity: number },
  profile: Profile,
): SettingIssue[] {
  const { textsPerStep } = distillationOf(profile);
  const message = `a step draws ${textsPerStep} texts (distillation.textsPerStep) from the buffer`;
  return capacity < textsPerStep ? [{ path: ["capacity"], message }] : [];
}
