import type { Experiment } from "#lib/experiment/experiment.ts";
import { loadProfile } from "#lib/experiment/profile.ts";
import {
  matchesTask,
  type Plan,
  planCells,
  type ReproduceOptions,
  runCells,
  writeReport,
} from "#lib/experiment/reproduce.ts";
import { OpenRun } from "#lib/experiment/run_context.ts";
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
    methods: { kind: "names", value: "a,b", help: "only these rows of the tables" },
    tasks: { kind: "names", value: "a,b", help: "only these tasks, as in samsum/base, or samsum for all its sizes" },
    data: { kind: "path", value: "DIR", help: "a folder of data in place of the embedded data" },
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
    const profileName = flags.profile ?? DEFAULT_PROFILE;
    const profile = await loadProfile(profileName, flags.set);
    const options: ReproduceOptions = {
      profileName,
      profile,
      seeds: flags.seeds ?? profile.seeds,
      methods: flags.methods,
      tasks: flags.tasks,
      dataFolder: flags.data,
      resultsFolder: flags.results ?? DEFAULT_RESULTS,
      force: flags.force,
    };
    const experiments = withTasks(withMethods(selectExperiments(positional, context), flags.methods), flags.tasks);
    const plans: (readonly [Experiment, Plan])[] = [];
    for (const experiment of experiments) {
      const plan = await planCells(experiment, options);
      context.terminal.report(`${describePlan(experiment, plan)}\n`);
      plans.push([experiment, plan]);
    }
    if (flags["dry-run"]) return 0;
    const failures = await runPlans(plans, options, context, flags.quiet);
    if (failures > 0) {
      context.terminal.report(`${failures} cells failed: as runs repeat themselves, change a setting\n`);
    }
    return failures > 0 ? 1 : 0;
  },
});

/** Runs what is missing of each plan, on one GPU and with what the experiments share made once; how many cells failed. */
async function runPlans(
  plans: readonly (readonly [Experiment, Plan])[],
  options: ReproduceOptions,
  { terminal }: CommandContext,
  quiet: boolean,
): Promise<number> {
  const progress = new Progress({ terminal, unit: "cell", quiet });
  const total = plans.reduce((sum, [, { missing }]) => sum + missing.length, 0);
  const at = { done: 0, experiment: "" };
  const say = (message: string) => progress.update(at.done, total, `${at.experiment}: ${message}`);
  let [before, failures] = [0, 0];
  const run = total === 0 ? undefined : await OpenRun.open({ ...options, say });
  try {
    for (const [experiment, plan] of plans) {
      at.experiment = experiment.name;
      if (run && plan.missing.length > 0) {
        const observer = {
          done: (done: number) => at.done = before + done,
          // Not through the progress, which may be quiet.
          note: (message: string) => {
            progress.end();
            terminal.report(`${message}\n`);
          },
        };
        failures += (await runCells(experiment, plan, options, run, observer)).length;
        before += plan.missing.length;
      }
      const { tables } = await writeReport(experiment, plan.folder, options.profileName);
      progress.end();
      for (const table of Object.values(tables)) terminal.print(formatTable(table, "md"));
    }
  } finally {
    progress.end();
    await run?.[Symbol.asyncDispose]();
  }
  return failures;
}

/** The named experiments, or all but those that have to be named. */
export function selectExperiments(names: readonly string[], { experiments }: CommandContext): readonly Experiment[] {
  for (const name of names) expectKnown("experiment", name, experiments.map((experiment) => experiment.name));
  return experiments.filter(({ name, onlyWhenNamed = false }) =>
    names.length === 0 ? !onlyWhenNamed : names.includes(name)
  );
}

/** Those that have one of the methods; each method that was asked for must be of one. */
function withMethods(experiments: readonly Experiment[], methods?: readonly string[]): readonly Experiment[] {
  if (methods === undefined) return experiments;
  const known = [...new Set(experiments.flatMap(({ methods }) => methods.map(({ name }) => name)))];
  for (const name of methods) expectKnown("method", name, known);
  return experiments.filter((experiment) => experiment.methods.some(({ name }) => methods.includes(name)));
}

/** Those that have one of the tasks; each task that was asked for must be of one. */
function withTasks(experiments: readonly Experiment[], tasks?: readonly string[]): readonly Experiment[] {
  if (tasks === undefined) return experiments;
  const own = experiments.flatMap((experiment) => experiment.tasks ?? []);
  const known = [...new Set(own.flatMap((task) => [task.split("/")[0], task]))];
  for (const name of tasks) expectKnown("task", name, known);
  return experiments.filter((each) => each.tasks?.some((task) => tasks.some((name) => matchesTask(name, task))));
}

function describePlan({ name }: Experiment, { missing, finished, stale, folder }: Plan): string {
  const why = stale === undefined ? "" : ` (the results in ${folder.path} are of ${stale} and will be replaced)`;
  const there = `${finished.length} cells are there`;
  if (missing.length === 0) return `${name}: ${there} (--force runs them anew), 0 to run`;
  return `${name}: ${there}, ${missing.length} to run${why}: ${
    missing.map(({ method, task = "", seed }) => `${method} ${task && `${task} `}${seed}`).join(", ")
  }`;
}
