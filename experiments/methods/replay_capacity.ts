import type { Profile } from "#lib/bench/profile.ts";
import type { SettingIssue } from "#lib/bench/section.ts";

/** A buffer that texts are drawn from without replacement holds a batch at least. */
export function checkCapacity(
  { capacity }: { readonly capacity: number },
  { optimizer: { batchSize } }: Profile,
): SettingIssue[] {
  const message = `a step draws ${batchSize} texts (optimizer.batchSize) from the buffer`;
  return capacity < batchSize ? [{ path: ["capacity"], message }] : [];
}
