import type { Experiment } from "#lib/experiment/experiment.ts";
import { METHOD_NAMES } from "#lib/experiment/methods.ts";
import { loadProfile } from "#lib/experiment/profile.ts";
import { type Plan, planCells, type ReproduceOptions, runCells } from "#lib/experiment/reproduce.ts";
import { resultTable } from "#lib/experiment/result_tables.ts";
import { expectKnown } from "#lib/experiment/suggestion.ts";
import { formatTable } from "#lib/reporting/table_formats.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { Progress } from "./progress.ts";

export const DEFAULT_PROFILE = "tiny";
export const DEFAULT_RESULTS = "results";

export const reproduce = defineCommand({
  name: "reproduce",
  summary: "runs what is missing of a profile's tables, writes CSV and tables, prints the tables",
  positional: { name: "EXPERIMENT", kind: "text", min: 0 },
  interrupted: "finished cells are kept; the same command goes on from there",
  flags: {
    profile: { kind: "text", value: "P", help: "sizes and settings, as `list` names them; default tiny" },
    seeds: { kind: "seeds", value: "10,20,30", help: "seeds in place of the profile's" },
    methods: { kind: "names", value: "a,b", of: "method", known: METHOD_NAMES, help: "only these" },
    data: { kind: "path", value: "DIR", help: "a folder of JSON Lines in place of the embedded data" },
    results: { kind: "path", value: "DIR", help: "where results are kept; default results" },
    set: {
      kind: "repeated",
      value: "key=value",
      help: "another value for a setting, as in ammd.beta=1; may be repeated",
    },
    "dry-run": { kind: "switch", help: "says what would run" },
    force: { kind: "switch", help: "runs what is there, too" },
    quiet: { kind: "switch", help: "shows no progress" },
  },
  async run({ positional, flags }, context) {
    const experiments = selectExperiments(positional, context);
    const profileName = flags.profile ?? DEFAULT_PROFILE;
    const profile = await loadProfile(profileName, flags.set);
    const progress = new Progress({ terminal: context.terminal, unit: "cell", quiet: flags.quiet });
    const options: ReproduceOptions = {
      profileName,
      profile,
      seeds: flags.seeds ?? profile.seeds,
      methods: flags.methods,
      dataFolder: flags.data,
      resultsFolder: flags.results ?? DEFAULT_RESULTS,
      force: flags.force,
      progress: (done, total, what) => progress.update(done, total, what),
      note: (message) => progress.note(message),
    };
    let failures = 0;
    for (const experiment of experiments) {
      const plan = await planCells(experiment, options);
      context.terminal.report(`${describePlan(experiment, plan)}\n`);
      if (flags["dry-run"]) continue;
      try {
        failures += (await runCells(experiment, plan, options)).length;
      } finally {
        progress.end();
      }
      context.terminal.print(formatTable(resultTable(experiment, profileName, plan.folder.scores), "md"));
    }
    if (failures > 0) context.terminal.report(`${failures} cells failed; the same command runs them again\n`);
    return failures > 0 ? 1 : 0;
  },
});

/** The named experiments, or all. */
export function selectExperiments(names: readonly string[], { experiments }: CommandContext): readonly Experiment[] {
  for (const name of names) expectKnown("experiment", name, experiments.map((experiment) => experiment.name));
  return names.length === 0 ? experiments : experiments.filter(({ name }) => names.includes(name));
}

function describePlan({ name }: Experiment, { missing, finished, stale, folder }: Plan): string {
  const why = stale === undefined ? "" : ` (the results in ${folder.path} are of ${stale} and will be replaced)`;
  const there = `${finished.length} cells are there`;
  if (missing.length === 0) return `${name}: ${there} (--force runs them anew), 0 to run`;
  return `${name}: ${there}, ${missing.length} to run${why}: ${
    missing.map(({ method, seed }) => `${method} ${seed}`).join(", ")
  }`;
}
