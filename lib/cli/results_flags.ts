import { loadProfile } from "#lib/experiment/profile.ts";
import { adapterHere } from "#lib/runner/adapter_memory.ts";
import type { Present } from "#lib/runner/freshness.ts";
import type { ResultsPlace } from "#lib/runner/known_results.ts";
import { presentOf } from "#lib/runner/present.ts";
import type { Flags, FlagValues } from "./command.ts";

const DEFAULT_PROFILE = "tiny";
export const DEFAULT_RESULTS = "results";

/** Which results are meant, and what they were made with. */
export const RESULTS_FLAGS = {
  profile: { kind: "text", value: "P", help: "sizes and settings, as `list` names them; default tiny" },
  results: { kind: "path", value: "DIR", help: "where results are kept; default results" },
  data: { kind: "path", value: "DIR", help: "a folder of data in place of the embedded data" },
  set: {
    kind: "repeated",
    value: "key=value",
    help: "another value for a setting, as in ammd.beta=1; may be repeated",
  },
} as const satisfies Flags;

export type ResultsFlags = FlagValues<typeof RESULTS_FLAGS>;

export function placeOf({ profile, results }: Pick<ResultsFlags, "profile" | "results">): ResultsPlace {
  return { profileName: profile ?? DEFAULT_PROFILE, resultsFolder: results ?? DEFAULT_RESULTS };
}

/** What the results that are meant are judged against; the GPU is not asked. */
export async function presentFor(flags: ResultsFlags): Promise<Present> {
  return await presentOf(
    await loadProfile(placeOf(flags).profileName, flags.set),
    flags.data,
    await adapterHere(false),
  );
}

/** These flags as they were given, for a command that another one names. */
export function givenArguments({ profile, set, data, results }: ResultsFlags): string[] {
  const given = (name: string, value: string | undefined) => value === undefined ? [] : [`--${name}`, value];
  return [
    ...given("profile", profile),
    ...set.flatMap((setting) => given("set", setting)),
    ...given("data", data),
    ...given("results", results),
  ];
}
