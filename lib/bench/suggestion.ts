import { editDistance } from "#lib/edit_distance.ts";
import { InputError } from "#lib/errors.ts";
import { excerpt } from "#lib/visible_text.ts";

/** A name is taken for a slip of another if at most a third of its letters, and at least one, would change. */
const MAX_CHANGED_FRACTION = 1 / 3;

/** Checks a name that the user gave: `unknown method "amd"; did you mean "ammd"? Known are teacher, sft, …`. */
export function expectKnown(kind: string, name: string, known: readonly string[]): void {
  if (!known.includes(name)) throw new InputError(unknownName(kind, name, known));
}

/** The message about a name that is not among the known ones, with the likeliest of them if there is one. */
export function unknownName(kind: string, name: string, known: readonly string[]): string {
  return `unknown ${kind} "${excerpt(name)}"; ${hint(closest(name, known))}known are ${known.join(", ")}`;
}

function hint(suggestion: string | undefined): string {
  return suggestion === undefined ? "" : `did you mean "${suggestion}"? `;
}

/** The known name nearest to a wrong one, by edit distance without regard to case; the first of equals. */
export function closest(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    const limit = Math.max(1, Math.floor(Math.max(name.length, candidate.length) * MAX_CHANGED_FRACTION));
    if (distance <= limit && distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}
