import { compareResults } from "#lib/comparison/compare_results.ts";
import { displayOf } from "#lib/bench/display.ts";
import { type Comparison, isSame } from "#lib/comparison/comparison.ts";
import { COMPARISON_FORMATS, type ComparisonFormat, formatComparison } from "#lib/comparison/comparison_formats.ts";
import { ResultsHistory, type ResultsVersion } from "#lib/results/results_version.ts";
import { InputError } from "#lib/errors.ts";
import { isBeside, profileOf } from "#lib/results/place.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { fromCaller } from "./command_line.ts";
import { DEFAULT_RESULTS } from "./results_flags.ts";

export const diff = defineCommand({
  name: "diff",
  positional: { name: "COMMIT|DIR", kind: "text", min: 0 },
  flags: {
    profile: {
      kind: "text",
      value: "P",
      help: "default every one that either has; P@ADAPTER compares the recorded results with those beside them",
    },
    results: { kind: "path", value: "DIR", help: "where results are kept, in the commits too; default results" },
    format: { kind: "choice", value: "F", known: COMPARISON_FORMATS, help: "default md" },
  },
  async run({ positional, flags }, context) {
    const comparison = await orTrouble(compareVersions(positional, flags, context));
    const display = displayOf(context.experiments);
    const text = formatComparison(comparison, (flags.format ?? "md") as ComparisonFormat, display);
    context.terminal.print(text.replace(/\n$/, ""));
    return isSame(comparison) ? 0 : 1;
  },
});

/**
 * Compares two versions of the results: by default the last commit with the working tree or, where the profile is a folder beside the
 * recorded results, these with that.
 */
export async function compareVersions(
  versions: readonly string[],
  { results = DEFAULT_RESULTS, profile }: { readonly results?: string; readonly profile?: string },
  { callerFolder, experiments }: Pick<CommandContext, "callerFolder" | "experiments">,
): Promise<Comparison> {
  if (versions.length > 2) {
    throw new InputError(`diff compares two commits or folders, not ${versions.length}; ./run diff --help shows more`);
  }
  const isOfBeside = profile !== undefined && isBeside(profile);
  if (isOfBeside && versions.length > 1) {
    throw new InputError(`--profile ${profile} is one side of the comparison: name one commit or folder, or none`);
  }
  const history = new ResultsHistory(results);
  const open = (version: string | undefined, otherwise: () => Promise<ResultsVersion>) =>
    version === undefined ? otherwise() : history.open(version, (path) => fromCaller(path, callerFolder));
  const workingTree = () => history.openWorkingTree();
  const [before, after] = await Promise.all(
    isOfBeside
      ? [open(versions[0], workingTree), history.openBeside(profile)]
      : [open(versions[0], () => history.openCommit("HEAD")), open(versions[1], workingTree)],
  );
  return await compareResults(before, after, profile && profileOf(profile), Object.keys(displayOf(experiments)));
}

/** Status 1 says that results differ, so any error must end with another: that of what the user can fix. */
async function orTrouble<Result>(result: Promise<Result>): Promise<Result> {
  try {
    return await result;
  } catch (error) {
    if (error instanceof InputError || error instanceof Deno.errors.NotCapable || !(error instanceof Error)) {
      throw error;
    }
    throw Object.assign(new InputError(error.message, { cause: error }), { stack: error.stack });
  }
}
