import { compareResults } from "#lib/comparison/compare_results.ts";
import { displayOf } from "#lib/bench/display.ts";
import { isSame } from "#lib/comparison/comparison.ts";
import { COMPARISON_FORMATS, type ComparisonFormat, formatComparison } from "#lib/comparison/comparison_formats.ts";
import { ResultsHistory } from "#lib/results/results_version.ts";
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
    const comparison = await orTrouble(compare(positional, flags, context));
    const text = formatComparison(
      comparison,
      (flags.format ?? "md") as ComparisonFormat,
      displayOf(context.experiments),
    );
    context.terminal.print(text.replace(/\n$/, ""));
    return isSame(comparison) ? 0 : 1;
  },
});

async function compare(
  versions: readonly string[],
  { results = DEFAULT_RESULTS, profile }: { readonly results?: string; readonly profile?: string },
  { callerFolder, experiments }: CommandContext,
) {
  if (versions.length > 2) {
    throw new InputError(`diff compares two commits or folders, not ${versions.length}; ./run diff --help tells more`);
  }
  const methods = Object.keys(displayOf(experiments));
  const history = new ResultsHistory(results);
  const beside = profile !== undefined && isBeside(profile) ? profile : undefined;
  if (beside !== undefined && versions.length > 1) {
    throw new InputError(`--profile ${beside} is one side of the comparison: name one commit or folder, or none`);
  }
  const open = (version: string) => history.open(version, (path) => fromCaller(path, callerFolder));
  if (beside !== undefined) {
    const recorded = versions.length === 0 ? history.openWorkingTree() : open(versions[0]);
    const sides = await Promise.all([recorded, history.openBeside(beside)]);
    return await compareResults(...sides, profileOf(beside), methods);
  }
  const [before = "HEAD", after] = versions;
  return await compareResults(
    ...await Promise.all([open(before), after === undefined ? history.openWorkingTree() : open(after)]),
    profile,
    methods,
  );
}

/** Status 1 tells that results differ, so what goes wrong must end with another: that of what the user can mend. */
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
