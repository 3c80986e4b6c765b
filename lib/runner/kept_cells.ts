/**
 * What cells gave that were computed apart from a run, such as by the tasks of a cluster: a file for each, until a run records it. Many
 * may write at once, since each writes files of its own; the results themselves have one writer.
 */
import { latestClaim, type SeenClaim } from "#lib/results/claim_file.ts";
import { STATE_FOLDER } from "#lib/results/folder_lock.ts";
import { profileOf, type ResultsPlace } from "#lib/results/place.ts";
import { type Guard, readTextIfThere, removeIfThere, writeAtomically } from "#lib/results/storage.ts";
import { type Cell, runNameOf } from "./cell.ts";
import { pathOf } from "./cell_files.ts";
import type { Computation } from "./compute_cell.ts";
import { changesOfCell, type Present } from "./freshness.ts";
import { lockPath } from "./snapshot_file.ts";

const FORMAT = 1;

/** A cell's computation as its file has it. */
interface KeptCell {
  readonly format: typeof FORMAT;
  /** The digest of the code that computed it. */
  readonly code: string;
  readonly computation: Computation;
}

export function keptPath(place: ResultsPlace, cell: Cell): string {
  return pathOf(place, "computed", cell, "json");
}

/** What is claimed by who computes and keeps a cell. */
export function keptClaimPath(place: ResultsPlace, cell: Cell): string {
  return lockPath(place, keptPath(place, cell));
}

/** The folders of a profile's results, the one of its own name and those beside it, for which something is kept. */
export function placesWithKept({ resultsFolder, profileName }: ResultsPlace): string[] {
  const state = `${resultsFolder}/${STATE_FOLDER}`;
  return namesIn(state).filter((name) => profileOf(name) === profileOf(profileName)).filter((name) =>
    namesIn(`${state}/${name}/computed`).some((experiment) =>
      namesIn(`${state}/${name}/computed/${experiment}`).length > 0
    )
  ).sort();
}

function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return [];
    throw error;
  }
}

/** Who is at a cell, or was last. */
export async function seenAt(place: ResultsPlace, cell: Cell): Promise<SeenClaim | undefined> {
  const claim = await latestClaim(keptClaimPath(place, cell));
  return claim?.record?.isReleased ? undefined : claim;
}

export async function keepCell(
  place: ResultsPlace,
  cell: Cell,
  computation: Computation,
  { code, guard }: { readonly code: string; readonly guard: Guard },
): Promise<void> {
  const kept: KeptCell = { format: FORMAT, code, computation };
  await writeAtomically(keptPath(place, cell), `${JSON.stringify(kept)}\n`, { guard });
}

/**
 * What is kept of a cell, where it would come out the same now; of any adapter where the present one is not known. It has the commit
 * of now only where the code is the one that computed it.
 */
export async function readKept(place: ResultsPlace, cell: Cell, present: Present): Promise<Computation | undefined> {
  const kept = parse(await readTextIfThere(keptPath(place, cell)));
  if (!kept || kept.computation.basis.run !== runNameOf(cell, present.profile)) return undefined;
  if (changesOfCell(kept.computation.basis, cell, present).length > 0) return undefined;
  const code = kept.code === present.code ? {} : { code: { commit: "unknown", dirty: "unknown" } as const };
  return { ...kept.computation, ...code };
}

export async function forgetKept(place: ResultsPlace, cell: Cell): Promise<void> {
  await removeIfThere(keptPath(place, cell));
}

function parse(text: string | undefined): KeptCell | undefined {
  try {
    const kept = JSON.parse(text ?? "null") as KeptCell | null;
    return kept?.format === FORMAT ? kept : undefined;
  } catch {
    return undefined; // of another version, or edited: the cell is computed again
  }
}
