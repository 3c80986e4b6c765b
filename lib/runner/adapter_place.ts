import { BESIDE, besideName, isBeside, profileOf } from "#lib/results/place.ts";
/**
 * Results of an adapter never take the place of those of another. The *recorded adapter* of a profile is the one that most of its
 * recorded cells name in `provenance.json`, over all experiments of `results/<profile>/`. On a machine with that adapter, or where
 * nothing is recorded, results are kept in `results/<profile>/` itself; on any other machine beside them, in
 * `results/<profile>@<adapter>/`, which git does not see.
 */
import { InputError } from "#lib/errors.ts";
import type { Experiment } from "#lib/bench/experiment.ts";
import { folderOf, type ResultsPlace } from "#lib/results/place.ts";
import type { Provenance } from "#lib/results/provenance.ts";
import { PROVENANCE_FILE } from "#lib/results/results_folder.ts";
import { readTextIfThere } from "#lib/results/storage.ts";

/** A folder of results that was chosen, and whose adapter they are judged by. */
export interface ChosenPlace extends ResultsPlace {
  /** Undefined where nothing is recorded and the machine's adapter is not known. */
  readonly adapter: string | undefined;
  /** The recorded results that it lies beside, if it does. */
  readonly recorded: RecordedPlace | undefined;
}

/** A folder of results that are recorded, and the adapter of most of them, if there are any. */
export interface RecordedPlace extends ResultsPlace {
  readonly adapter: string | undefined;
}

/** What a choice of folders depends on. */
export interface PlaceQuestion extends ResultsPlace {
  readonly experiments: readonly Experiment[];
  /** Whether every machine computes the profile beside what is recorded, the recorded adapter's too. */
  readonly isEverywhere: boolean;
}

/** Where this machine's results are kept. @param adapter undefined where there is none, or it is not known */
export async function placeToWrite(question: PlaceQuestion, adapter: string | undefined): Promise<ChosenPlace> {
  const recorded = await recordedPlace(question);
  const isOwn = adapter === undefined || recorded.adapter === undefined || recorded.adapter === adapter;
  if (isOwn && !question.isEverywhere) return { ...placeOf(recorded), adapter, recorded: undefined };
  const profileName = besideName(recorded.profileName, adapter ?? "unknown");
  return { resultsFolder: question.resultsFolder, profileName, adapter, recorded };
}

/**
 * Which results are shown: those of the folder that the question names, where it is one beside; else this machine's, where it has some
 * of its own; else the recorded ones. They are judged by the adapter that computed them.
 *
 * @throws {InputError} where the question names a folder that is not there
 */
export async function placeToRead(
  question: PlaceQuestion,
  adapter: string | undefined,
  onlyRecorded: boolean,
): Promise<ChosenPlace> {
  const recorded = await recordedPlace(question);
  if (isBeside(question.profileName)) {
    const folders = foldersBeside(question);
    if (!folders.includes(question.profileName)) throw new InputError(unknownFolder(question, folders));
    const { adapter: own } = await placeWithAdapter(question, question.experiments);
    return { ...placeOf(question), adapter: own ?? adapter, recorded };
  }
  const own = await placeToWrite(question, adapter);
  const isThere = own.recorded !== undefined && foldersBeside(question).includes(own.profileName);
  if (isThere && !onlyRecorded) return own;
  return { ...placeOf(question), adapter: recorded.adapter ?? adapter, recorded: undefined };
}

async function recordedPlace({ resultsFolder, profileName, experiments }: PlaceQuestion): Promise<RecordedPlace> {
  return await placeWithAdapter({ resultsFolder, profileName: profileOf(profileName) }, experiments);
}

/** A folder with the adapter that most of its cells name; of as many, the first by code units. */
async function placeWithAdapter(place: ResultsPlace, experiments: readonly Experiment[]): Promise<RecordedPlace> {
  const counts = new Map<string, number>();
  const named = await Promise.all(
    experiments.map(({ name }) => adaptersOf(`${folderOf(place, name)}/${PROVENANCE_FILE}`)),
  );
  for (const adapter of named.flat()) counts.set(adapter, (counts.get(adapter) ?? 0) + 1);
  const [most] = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  return { ...placeOf(place), adapter: most?.[0] };
}

/** The adapter of every cell of a `provenance.json`; of one that cannot be read none: who needs more of it reports that. */
async function adaptersOf(path: string): Promise<string[]> {
  const text = await readTextIfThere(path);
  try {
    const { cells = {}, environments = {} }: Partial<Provenance> = JSON.parse(text ?? "{}");
    return Object.values(cells).flatMap(({ environment }) => environments[environment]?.adapter ?? []);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return [];
    throw error;
  }
}

function foldersBeside({ resultsFolder, profileName }: ResultsPlace): string[] {
  const start = `${profileOf(profileName)}${BESIDE}`;
  try {
    return [...Deno.readDirSync(resultsFolder)].map(({ name }) => name).filter((name) => name.startsWith(start)).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function unknownFolder({ resultsFolder, profileName }: ResultsPlace, folders: readonly string[]): string {
  const known = folders.length === 0 ? "there are none beside the recorded ones" : `there are ${folders.join(", ")}`;
  return `${resultsFolder}/${profileName}: no such results; ${known}`;
}

function placeOf({ resultsFolder, profileName }: ResultsPlace): ResultsPlace {
  return { resultsFolder, profileName };
}
