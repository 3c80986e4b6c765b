import { InputError } from "#lib/errors.ts";
import type { Experiment, Report } from "#lib/bench/experiment.ts";
import { settingsOfPairs } from "#lib/bench/given_pairs.ts";
import { PREFERENCES } from "#lib/bench/preference_settings.ts";
import { listProfiles, loadProfile, type Profile } from "#lib/bench/profile.ts";
import { type ProfileSchema, schemaOfProfile } from "#lib/bench/profile_schema.ts";
import { expectKnown } from "#lib/bench/suggestion.ts";
import { experimentsOf } from "#lib/bench/trial.ts";
import { byRepository, missingReferences, type NamedThing, pinProfile } from "#lib/distillation/pinned_profile.ts";
import { shellCommand } from "#lib/shell_command.ts";
import { adapterHere } from "#lib/runner/adapter_memory.ts";
import { type ChosenPlace, placeToRead } from "#lib/runner/adapter_place.ts";
import { folderOf, profileOf } from "#lib/results/place.ts";
import { ResultsFolder } from "#lib/results/results_folder.ts";
import { type Present, presentOf } from "#lib/runner/freshness.ts";
import { readKnown } from "#lib/runner/known_results.ts";
import { staleOf } from "#lib/runner/plan.ts";
import { reportOf } from "#lib/runner/report.ts";
import type { CommandContext, Flag, Flags, FlagValues } from "./command.ts";

export const DEFAULT_PROFILE = "tiny";
export const DEFAULT_CHECKPOINT_SECONDS = 30;
export const DEFAULT_RESULTS = "results";
/** Of commands that train the cells of a profile. */
export const LESS_MEMORY =
  "--set optimizer.textsAtOnce=N with fewer texts, or --set optimizer.recompute=true takes less";

/** Which results are meant, and what they were made with. */
export const RESULTS_FLAGS = {
  profile: { kind: "text", value: "P", help: "sizes and settings, as `list` names them; default tiny" },
  results: { kind: "path", value: "DIR", help: "where results are kept; default results" },
  data: { kind: "path", value: "DIR", help: "a folder of data in place of the embedded data" },
  preferences: {
    kind: "path",
    value: "FILE",
    help: "preference pairs (JSON Lines or CSV) in place of those that are drawn and labelled here",
  },
  set: {
    kind: "repeated",
    value: "key=value",
    help: "another value for a setting, as in ammd.beta=1; may be repeated",
  },
} as const satisfies Flags;

/** The same for commands that show results, which may be this machine's or the recorded ones. */
export const SHOWN_FLAGS = {
  ...RESULTS_FLAGS,
  recorded: { kind: "switch", help: "the recorded results, where this machine has some of its own beside them" },
} as const satisfies Flags;

/** Of commands that open a device. */
export const BINDING_LIMIT_FLAG = {
  kind: "count",
  value: "BYTES",
  help: "lowers what one tensor may take, as on devices that bind less: larger tables lie in blocks of rows",
} as const;

export const CHECKPOINT_FLAG = {
  kind: "count",
  value: "SECONDS",
  help: `how often training is saved; default ${DEFAULT_CHECKPOINT_SECONDS}, 0 every step`,
} as const satisfies Flag;

export const LEASE_FLAG = {
  kind: "count",
  value: "SECONDS",
  help: "after so long without a sign of life another machine goes on with a cell; default 120",
} as const satisfies Flag;

export type ResultsFlags = FlagValues<typeof RESULTS_FLAGS>;

/** A profile, and the experiments that are asked for of it. */
export interface ChosenProfile {
  /** Its name; or the folder of results beside the recorded ones that was asked for by name: `tiny@nvidia-h100-3fa2b1`. */
  readonly name: string;
  /** The same where it was given, by a flag or among the experiments. */
  readonly givenName: string | undefined;
  /** What it names of the hub, or in folders, stands in it by commit or digest. */
  readonly profile: Profile;
  /** The checkpoints and the data that it names, and whether they are here. */
  readonly named: readonly NamedThing[];
  /** Every one that it has. */
  readonly allExperiments: readonly Experiment[];
  /** Those that are asked for. */
  readonly experiments: readonly Experiment[];
  /** The names of experiments that were given. */
  readonly names: readonly string[];
  readonly resultsFolder: string;
}

/**
 * Reads a profile and which of its experiments are meant: those that are named, or all but those that have to be named. A profile's
 * name among them stands for `--profile`, as in `reproduce quick`.
 */
export async function chooseProfile(
  words: readonly string[],
  flags: ResultsFlags,
  context: Pick<CommandContext, "experiments" | "callerFolder">,
): Promise<ChosenProfile> {
  const isExperiment = (word: string) => context.experiments.some(({ name }) => name === word);
  const known = (await listProfiles()).map(({ name }) => name);
  const profiles = [
    ...new Set([flags.profile ?? [], words.filter((word) => !isExperiment(word) && known.includes(word))].flat()),
  ];
  if (profiles.length > 1) throw new InputError(`${profiles.join(" and ")} are two profiles: a command is about one`);
  const [givenName] = profiles;
  const name = givenName ?? DEFAULT_PROFILE;
  const schema = await schemaOfProfile(profileOf(name), context.experiments);
  const overrides = [...flags.set, ...await overridesOfPairs(flags.preferences, schema)];
  const { profile, named } = await pinProfile(await loadProfile(profileOf(name), schema, overrides), {
    caller: context.callerFolder,
    hasOtherData: flags.data !== undefined,
  });
  const names = words.filter((word) => isExperiment(word) || word !== name);
  const allExperiments = experimentsOf(context.experiments, profile);
  const experiments = selectExperiments(names, allExperiments);
  const resultsFolder = flags.results ?? DEFAULT_RESULTS;
  return { name, givenName, profile, named, allExperiments, experiments, names, resultsFolder };
}

/** Refuses to compute where a checkpoint or data of the profile is not here. @throws {InputError} with the `./run fetch` line that brings all */
export function expectNamed({ name, named }: Pick<ChosenProfile, "name" | "named">): void {
  const missing = byRepository(named.filter(({ problem }) => problem !== undefined));
  const [first] = missing.entries();
  if (first === undefined) return;
  const [word, [{ setting, problem }]] = first;
  if (missing.size === 1) throw new InputError(`profile ${name}, ${setting}: ${problem}`);
  const references = missingReferences(named);
  const line = references.length === 0 ? "" : `; ${shellCommand(["fetch", ...references])} brings what the hub has`;
  throw new InputError(`profile ${name} needs ${missing.size} things that are not here, the first is ${word}${line}`);
}

/** The settings of a file of pairs. @throws {InputError} if it cannot be read, or no experiment would */
async function overridesOfPairs(file: string | undefined, schema: ProfileSchema): Promise<string[]> {
  if (file === undefined) return [];
  if (PREFERENCES.name in schema.shape) return await settingsOfPairs(file);
  throw new InputError(`--preferences ${file}: no experiment of this program learns from preference pairs`);
}

/** Results that are to be shown. */
export interface ShownResults extends ChosenProfile {
  readonly place: ChosenPlace;
  /** What they are judged against; the GPU is not asked. */
  readonly present: Present;
}

/** The results that a command is to show, without touching the GPU. */
export async function shownResults(
  words: readonly string[],
  flags: FlagValues<typeof SHOWN_FLAGS>,
  context: Pick<CommandContext, "experiments" | "callerFolder">,
): Promise<ShownResults> {
  const chosen = await chooseProfile(words, flags, context);
  const { name: profileName, profile, allExperiments: experiments, resultsFolder } = chosen;
  const isEverywhere = profile.trial !== undefined;
  const question = { resultsFolder, profileName, experiments, isEverywhere };
  const place = await placeToRead(question, await adapterHere(false), flags.recorded);
  return { ...chosen, place, present: presentOf(profile, flags.data, place.adapter) };
}

/** An experiment's recorded results, with the tables and figures that they give; without these where there are no scores. */
export async function openReport(
  experiment: Experiment,
  { place, present }: ShownResults,
): Promise<{ readonly folder: ResultsFolder; readonly report?: Report }> {
  const folder = await ResultsFolder.open(folderOf(place, experiment.name), experiment.name);
  if (folder.scores.length === 0) return { folder };
  const known = await readKnown(place, experiment);
  folder.provenance = known.provenance;
  const stale = staleOf(experiment, known, present);
  return { folder, report: reportOf(experiment, folder, profileOf(place.profileName), stale) };
}

function selectExperiments(names: readonly string[], experiments: readonly Experiment[]): readonly Experiment[] {
  for (const name of names) expectKnown("experiment", name, experiments.map((experiment) => experiment.name));
  return experiments.filter(({ name, onlyWhenNamed = false }) =>
    names.length === 0 ? !onlyWhenNamed : names.includes(name)
  );
}

/** These flags as they were given, for a command that another one names. */
export function givenArguments({ profile, set, data, preferences, results }: ResultsFlags): string[] {
  const given = (name: string, value: string | undefined) => value === undefined ? [] : [`--${name}`, value];
  return [
    ...given("profile", profile && profileOf(profile)),
    ...set.flatMap((setting) => given("set", setting)),
    ...given("data", data),
    ...given("preferences", preferences),
    ...given("results", results),
  ];
}
