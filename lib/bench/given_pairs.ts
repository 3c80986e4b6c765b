import { DataNotes } from "#lib/data/data_notes.ts";
import { InputError } from "#lib/errors.ts";
import { encodePairs, type PairLimits } from "#lib/preferences/encode_pairs.ts";
import type { PairCodec } from "#lib/preferences/pair_codec.ts";
import { formatPairs, readPairFile } from "#lib/preferences/pair_files.ts";
import type { PairRecord } from "#lib/preferences/pair_record.ts";
import type { PreferencePair } from "#lib/preferences/preference_pair.ts";
import { digestOf } from "#lib/results/digest.ts";
import { PREFERENCES } from "./preference_settings.ts";
import type { Profile } from "./profile.ts";

/**
 * The settings, as `--set` takes them, that stand for a file of pairs. The file is read, so that what is wrong with it shows before
 * anything is computed. The digest is of the pairs: it is the same wherever the file is, and as JSON Lines or as CSV.
 *
 * @throws {InputError} what reading the file does
 */
export async function settingsOfPairs(path: string): Promise<string[]> {
  const digest = digestOfPairs(await readPairFile(path, new DataNotes()));
  return Object.entries({ file: path, digest })
    .map(([key, value]) => `${PREFERENCES.name}.${key}=${JSON.stringify(value)}`);
}

export interface GivenPairs {
  readonly pairs: readonly PreferencePair[];
  /** For provenance: source, number, and what was lost. */
  readonly description: Readonly<Record<string, unknown>>;
}

/**
 * The pairs of the file that a profile names, in tokens; undefined where it names none.
 *
 * @throws {InputError} what reading and fitting them does, or if the file holds other pairs than when the run began
 */
export async function givenPairs(
  profile: Profile,
  codec: PairCodec,
  limits: PairLimits,
): Promise<GivenPairs | undefined> {
  const { file, digest } = PREFERENCES.of(profile);
  if (file === null) return undefined;
  const notes = new DataNotes();
  const records = await readPairFile(file, notes);
  if (digestOfPairs(records) !== digest) {
    throw new InputError(`${file}: it has changed since this run began; start the run again`);
  }
  const pairs = encodePairs(records, codec, limits, notes);
  return { pairs, description: { source: file, pairs: pairs.length, ...notes.description } };
}

function digestOfPairs(records: readonly PairRecord[]): string {
  return digestOf(formatPairs(records));
}
