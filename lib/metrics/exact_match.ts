/**
 * Whether a prediction equals one of the references after both are normalised as the evaluation of Super-NaturalInstructions
 * does: lower case, ASCII punctuation removed, white space collapsed.
 *
 * @returns 1 or 0, so that the mean over records is the fraction that match
 * @throws {RangeError} without a reference
 */
export function exactMatch(prediction: string, references: readonly string[]): number {
  if (references.length === 0) throw new RangeError("Cannot score exact match without a reference");
  const normalized = normalizeAnswer(prediction);
  return references.some((reference) => normalizeAnswer(reference) === normalized) ? 1 : 0;
}

function normalizeAnswer(text: string): string {
  return text.toLowerCase().replace(/[!-/:-@[-`{-~]/g, "").split(/\s+/).filter((word) => word !== "").join(" ");
}
