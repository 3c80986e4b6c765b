import { DataNotes } from "#lib/data/data_notes.ts";
import { InputError } from "#lib/errors.ts";
import { encodePairs, type PairLimits } from "#lib/preferences/encode_pairs.ts";
import type { PairCodec } from "#lib/preferences/pair_codec.ts";
import { formatPairs, readPairFile } from "#lib/preferences/pair_files.ts";
import type { PairRecord } from "#lib/preferences/pair_record.ts";
import type { PreferencePair } from "#lib/preferences/preference_pair.ts";
import { digestOf } from "#lib/results/digest.ts";
import type { PreferenceSettings } from "./preference_settings.ts";
import type { Workbench } from "./workbench.ts";

/** The section of the profile that names a file of pairs. */
export const SECTION = "preferences";

type FileSettings = Pick<PreferenceSettings, "file" | "digest">;

/**
 * The settings, as `--set` takes them, that stand for a file of pairs. The file is read, so that what is wrong with it shows before
 * anything is computed. The digest is of the pairs: it is the same wherever the file is, and as JSON Lines or as CSV.
 *
 * @throws {InputError} what reading the file does
 */
export async function settingsOfPairs(path: string): Promise<string[]> {
  const digest = digestOfPairs(await readPairFile(path, new DataNotes()));
  return Object.entries({ file: path, digest })
    .map(([key, value]) => `${SECTION}.${key}=${JSON.stringify(value)}`);
}

export interface GivenPairs {
  readonly pairs: readonly PreferencePair[];
  /** For provenance: source, number, and what was lost. */
  readonly description: Readonly<Record<string, unknown>>;
  /** What was lost, or looks odd. */
  readonly notes: readonly string[];
}

/**
 * The pairs of the file that settings name, in tokens; undefined where they name none.
 *
 * @throws {InputError} what reading and fitting them does, or if the file holds other pairs than when the run began
 */
export async function givenPairs(
  { file, digest }: FileSettings,
  codec: PairCodec,
  limits: PairLimits,
): Promise<GivenPairs | undefined> {
  if (file === null) return undefined;
  const notes = new DataNotes();
  const records = await readPairFile(file, notes);
  if (digestOfPairs(records) !== digest) {
    throw new InputError(`${file}: it has changed since this run began; start the run again`);
  }
  const pairs = inFile(file, () => encodePairs(records, codec, limits, notes));
  return { pairs, description: { source: file, pairs: pairs.length, ...notes.description }, notes: notes.lines };
}

/**
 * Reads the pairs of a file as `givenPairs` does and says what is lost of them.
 *
 * @returns their description, where settings name a file
 */
export async function describeGiven(settings: FileSettings, bench: Workbench): Promise<object | undefined> {
  const { task: { pairs: { codec, limits } }, texts } = bench;
  const given = await givenPairs(settings, codec(texts), limits);
  for (const note of given?.notes ?? []) bench.say(note);
  return given?.description;
}

/** Does what may find fault with pairs, which are called by the name of their file where they have one. */
export function inFile<Result>(file: string | null, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    if (file === null || !(error instanceof InputError)) throw error;
    throw new InputError(error.message.replace(`${SECTION}:`, `${file}:`));
  }
}

function digestOfPairs(records: readonly PairRecord[]): string {
  return digestOf(formatPairs(records));
}
