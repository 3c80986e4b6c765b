import { InputError } from "#lib/errors.ts";
import type { RandomStream } from "#lib/random/random_stream.ts";
import { keyOfPrompt, type PreferencePair } from "./preference_pair.ts";

export type Side = "fitting" | "heldOut";

/**
 * Puts each prompt of a round's pairs on one side: pairs of a prompt share a text, and would not be held out if they were on both. A
 * prompt keeps the side that an earlier round gave it; of the others a share is held out, drawn at random.
 *
 * @param share of the prompts to hold out, rounded to whole prompts; of the first round's at least one where it is above 0
 * @param earlier sides of the prompts of earlier rounds
 * @returns the sides of all prompts so far, by their keys
 * @throws {InputError} if all pairs of the first round are of one prompt, so that none can be held out
 */
export function sidesOfPrompts(
  pairs: readonly PreferencePair[],
  share: number,
  random: RandomStream,
  earlier: ReadonlyMap<string, Side> = new Map(),
): Map<string, Side> {
  const fresh = [...new Set(pairs.map(({ prompt }) => keyOfPrompt(prompt)))].filter((key) => !earlier.has(key));
  const isFirst = earlier.size === 0;
  if (isFirst && share > 0 && fresh.length < 2) {
    throw new InputError(
      `preferences: pairs of ${fresh.length} prompt, where some are to be held out; at least 2 prompts are needed`,
    );
  }
  const rounded = Math.round(share * fresh.length);
  const count = isFirst && share > 0 ? Math.min(Math.max(rounded, 1), fresh.length - 1) : rounded;
  const drawn = random.shuffle(fresh).map((key, i): [string, Side] => [key, i < count ? "heldOut" : "fitting"]);
  return new Map([...earlier, ...drawn]);
}
