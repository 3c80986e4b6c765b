import { withSection } from "#lib/bench/method.ts";
import type { RegisteredMethod } from "#lib/bench/method_registry.ts";
import { PREFERENCES } from "#lib/bench/preference_settings.ts";

/** A method with pairs of its own. @param words what they are, as its label has it */
export function withPairs<Row extends RegisteredMethod>(
  method: Row,
  changes: Partial<ReturnType<typeof PREFERENCES.of>>,
  words: string,
): Row {
  const { label, summary } = method;
  return withSection(method, PREFERENCES, changes, { label: `${label}, ${words}`, summary: `${summary}; ${words}` });
}
