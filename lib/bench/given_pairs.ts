import { z } from "zod";
import { DataNotes } from "#lib/data/data_notes.ts";
import { InputError } from "#lib/errors.ts";
import { encodePairs, type PairLimits } from "#lib/preferences/encode_pairs.ts";
import type { PairCodec } from "#lib/preferences/pair_codec.ts";
import { formatPairs, readPairFile } from "#lib/preferences/pair_files.ts";
import type { PairRecord } from "#lib/preferences/pair_record.ts";
import type { PreferencePair } from "#lib/preferences/preference_pair.ts";
import { digestOf } from "#lib/results/digest.ts";
import type { Profile } from "./profile.ts";
import { defineSection } from "./section.ts";

const textOrNone = z.string().min(1).nullable().default(null);

/** The section of experiments that learn from preference pairs: the file of pairs that a person brings. */
export const GIVEN_PAIRS = defineSection({
  name: "preferences",
  schema: z.strictObject({
    file: textOrNone.describe("of pairs to learn from, as --preferences gives it; null has pairs drawn and labelled"),
    digest: textOrNone.describe(
      "of the pairs in it, which --preferences takes: results are out of date when it changes",
    ),
  }),
  check: ({ file, digest }) =>
    (file === null) === (digest === null)
      ? []
      : [{ path: [file === null ? "digest" : "file"], message: "name a file of pairs by --preferences FILE" }],
});

/**
 * The settings, as `--set` takes them, that stand for a file of pairs. The file is read, so that what is wrong with it shows before
 * anything is computed. The digest is of the pairs: it is the same wherever the file is, and as JSON Lines or as CSV.
 *
 * @throws {InputError} what reading the file does
 */
export async function settingsOfPairs(path: string): Promise<string[]> {
  const digest = digestOfPairs(await readPairFile(path, new DataNotes()));
  return Object.entries({ file: path, digest })
    .map(([key, value]) => `${GIVEN_PAIRS.name}.${key}=${JSON.stringify(value)}`);
}

/** What of the section decides numbers: which pairs there are, not where. */
export function countingPairs(profile: Profile): Readonly<Record<string, unknown>> {
  return { [GIVEN_PAIRS.name]: { digest: GIVEN_PAIRS.of(profile).digest } };
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
  const { file, digest } = GIVEN_PAIRS.of(profile);
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
