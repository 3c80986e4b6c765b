import type { SampleResponse } from "#lib/results/cell_result.ts";
import type { ResultsPlace } from "#lib/results/place.ts";
import { readTextIfThere, writeAtomically } from "#lib/results/storage.ts";
import type { Cell } from "./cell.ts";
import { pathOf } from "./cell_files.ts";

/** Responses to each set that are recorded with the scores, to be read by eye. */
const SHOWN_PER_SET = 2;

/** The first responses to each set. */
export function shownOf(responses: readonly SampleResponse[]): SampleResponse[] {
  const bySet = Map.groupBy(responses, ({ dataset }) => dataset);
  return [...bySet.values()].flatMap((ofSet) => ofSet.slice(0, SHOWN_PER_SET));
}

/** Keeps all responses of a cell on this machine, where git does not see them: whoever wants to grade them need not train again. */
export async function writeResponses(
  place: ResultsPlace,
  cell: Cell,
  responses: readonly SampleResponse[],
): Promise<void> {
  if (responses.length === 0) return;
  await writeAtomically(pathOf(place, "responses", cell, "json"), JSON.stringify(responses));
}

/**
 * The responses of a cell as it was last computed on this machine.
 *
 * @param recorded those that are recorded with its scores: responses of another run are none of this cell's
 */
export async function readResponses(
  place: ResultsPlace,
  cell: Cell,
  recorded: readonly SampleResponse[],
): Promise<SampleResponse[] | undefined> {
  const text = await readTextIfThere(pathOf(place, "responses", cell, "json"));
  try {
    const responses = text === undefined ? [] : JSON.parse(text) as SampleResponse[];
    return recorded.length > 0 && same(shownOf(responses), recorded) ? responses : undefined;
  } catch {
    return undefined; // written by hand, or of another version
  }
}

function same(a: readonly SampleResponse[], b: readonly SampleResponse[]): boolean {
  const keyOf = ({ dataset, instruction, input, reference, response }: SampleResponse) =>
    JSON.stringify([dataset, instruction, input, reference, response]);
  return a.map(keyOf).sort().join("\n") === b.map(keyOf).sort().join("\n");
}
