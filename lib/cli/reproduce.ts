import { InputError } from "#lib/errors.ts";
import { displayOf } from "#lib/bench/display.ts";
import type { Experiment } from "#lib/bench/experiment.ts";
import { permitJudgeOfPairs } from "#lib/bench/pair_oracle.ts";
import { PREFERENCES } from "#lib/bench/preference_settings.ts";
import { expectKnown } from "#lib/bench/suggestion.ts";
import { hasCheckpoints } from "#lib/distillation/checkpoint_task.ts";
import { foldersOf } from "#lib/distillation/pinned_profile.ts";
import { type CellChoice, fullAddressOf, matchesTask } from "#lib/runner/cell.ts";
import { isBeside } from "#lib/results/place.ts";
import { collectKept } from "#lib/runner/collect.ts";
import { placesWithKept } from "#lib/runner/kept_cells.ts";
import { NoiseCheck } from "#lib/runner/noise_check.ts";
import { cellsToRun } from "#lib/runner/plan.ts";
import { Reproduction, type ReproductionOptions } from "#lib/runner/reproduction.ts";
import { type CommandContext, defineCommand, type ExitStatus, type Flags, type FlagValues } from "./command.ts";
import { expectProfileFits, showDryRun } from "./dry_run.ts";
import { collect, type ExecutorOptions, runOnSlurm } from "./executor.ts";
import { namedBy } from "./profile_needs.ts";
import { describePlan } from "./plan_text.ts";
import { ProgressLine } from "./progress_line.ts";
import { describePlace } from "./place_text.ts";
import {
  CHECKPOINT_FLAG,
  chooseProfile,
  DEFAULT_CHECKPOINT_SECONDS,
  expectNamed,
  givenArguments,
  LEASE_FLAG,
  LESS_MEMORY,
  RESULTS_FLAGS,
} from "./results_flags.ts";
import { RunProgress } from "./run_progress.ts";
import { describeVerdict } from "./verdict_text.ts";

const FLAGS = {
  ...RESULTS_FLAGS,
  seeds: { kind: "seeds", value: "10,20,30", help: "seeds in place of the profile's" },
  methods: { kind: "names", value: "a,b", help: "only these rows of the tables" },
  tasks: { kind: "names", value: "a,b", help: "only these tasks, as in samsum/base, or samsum for all its sizes" },
  "dry-run": { kind: "switch", help: "shows what would run, why, and for how long" },
  json: { kind: "switch", help: "with --dry-run: prints JSON" },
  force: { kind: "switch", help: "runs cached cells again, too" },
  record: {
    kind: "switch",
    help: "puts results in place of the recorded ones, where those are another adapter's (or a trial's)",
  },
  accept: {
    kind: "switch",
    help: "keeps results that only changed code made stale, if a sample of them comes out the same again",
  },
  "accept-noise": {
    kind: "switch",
    help:
      "the same where the sample, the first seed of a method and task, agrees within the noise; its rows are replaced",
  },
  "keep-going": { kind: "switch", help: "runs the other cells when one fails (the default)" },
  "fail-fast": { kind: "switch", help: "ends at the first cell that fails" },
  "checkpoint-every": CHECKPOINT_FLAG,
  jobs: {
    kind: "count",
    value: "N",
    help: "cells computed at once; default as many as there are cores on a CPU driver, 1 on a GPU",
  },
  executor: {
    kind: "choice",
    value: "WHERE",
    known: ["local", "slurm"],
    help: "where cells are computed: here, or by jobs of Slurm",
  },
  "slurm-args": {
    kind: "arguments",
    value: "ARGS",
    help: "for each sbatch, as in '--partition=gpu --gres=gpu:1 --time=4:00:00'",
  },
  "array-limit": {
    kind: "count",
    value: "N",
    help: "tasks of Slurm that run at once; default as many as there is room for",
  },
  "per-task": { kind: "count", value: "N", help: "cells of a task of Slurm, one after the other; default 1" },
  "same-adapter": { kind: "switch", help: "refuses to compute on nodes with another adapter than the first one asked" },
  lease: LEASE_FLAG,
  collect: { kind: "switch", help: "computes nothing: records what tasks of Slurm have computed, and makes tables" },
  quiet: { kind: "switch", help: "shows no progress" },
} as const satisfies Flags;

type ReproduceFlags = FlagValues<typeof FLAGS>;

export const reproduce = defineCommand({
  name: "reproduce",
  positional: { name: "EXPERIMENT", kind: "text", min: 0 },
  stopsByItself: true,
  lessMemory: LESS_MEMORY,
  flags: FLAGS,
  async run({ positional, flags }, context) {
    const chosen = await chooseProfile(positional, flags, context);
    const { name: profileName, profile, allExperiments, resultsFolder } = chosen;
    const { methods, tasks } = flags;
    if (flags["keep-going"] && flags["fail-fast"]) {
      throw new InputError("--keep-going and --fail-fast at once: a run does one or the other when a cell fails");
    }
    const accept = flags["accept-noise"] ? "noise" : flags.accept ? "equal" : undefined;
    if (flags.force && accept) {
      const flag = accept === "noise" ? "--accept-noise" : "--accept";
      throw new InputError(`--force and ${flag} at once: one runs again what the other keeps`);
    }
    if (flags.json && !flags["dry-run"]) throw new InputError("--json is for --dry-run");
    if (flags.jobs === 0) throw new InputError("--jobs 0: at least one cell is computed at a time");
    const experiments = withTasks(withMethods(chosen.experiments, methods), tasks);
    const onSlurm = executorOf(flags);
    const options: ReproductionOptions = {
      ...{ resultsFolder, profileName, profile },
      seeds: flags.seeds,
      methods,
      tasks,
      experiments,
      allExperiments,
      keepsRecorded: !flags.record && !flags.collect,
      dataFolder: flags.data,
      force: flags.force,
      asksForAdapter: !onSlurm && !flags.collect,
      anyAdapter: flags.collect && !flags["same-adapter"],
      failFast: flags["fail-fast"],
      checkpointSeconds: flags["checkpoint-every"] ?? DEFAULT_CHECKPOINT_SECONDS,
      // Of checkpoints one at a time, unless more are asked for: each process holds the teacher.
      jobs: flags.jobs ?? (hasCheckpoints(profile) ? 1 : undefined),
      reads: foldersOf(chosen.named),
      program: context.program,
      otherArguments: [
        ...givenArguments({ ...flags, profile: chosen.givenName }),
        ...(flags.record ? ["--record"] : []),
      ],
      stop: context.stop,
    };
    if (flags.collect) return await collectAll(options, flags.record, context);
    if (onSlurm && !flags["dry-run"]) {
      expectNamed(chosen);
      const tablesArguments = tablesArgumentsOf(positional.filter((word) => word !== profileName), flags);
      return await runOnSlurm(options, { ...onSlurm, tablesArguments, quiet: flags.quiet }, context);
    }
    const reproduction = await planWithKept(options, flags["dry-run"] || flags.force);
    const cells = reproduction.plans.flatMap((plan) => plan.cells.map(({ cell }) => cell));
    const needed = { ...chosen, named: namedBy(cells, chosen) };
    if (flags["dry-run"]) {
      await showDryRun(reproduction, needed, { json: flags.json, terminal: context.terminal });
      return 0;
    }
    expectNamed(needed);
    await expectProfileFits(reproduction, needed);
    return await run(reproduction, context, { quiet: flags.quiet, accept });
  },
});

/** Plans what is left when what tasks of a cluster have kept is recorded. @param isLeft whether that is left where it is */
async function planWithKept(options: ReproductionOptions, isLeft: boolean): Promise<Reproduction> {
  const reproduction = await Reproduction.plan(options);
  const { profileName } = reproduction.place;
  if (isLeft || !placesWithKept(options).includes(profileName)) return reproduction;
  await collectKept({ ...options, profileName, keepsRecorded: false });
  return await Reproduction.plan(options);
}

/** Records what is kept for the results of a profile: in the folder that is named, or in all where something is kept. */
async function collectAll(
  options: ReproductionOptions,
  isOne: boolean,
  { terminal }: CommandContext,
): Promise<ExitStatus> {
  const { profileName } = options;
  const kept = isOne || isBeside(profileName) ? [] : placesWithKept(options);
  let status: ExitStatus = 0;
  for (const name of kept.length > 0 ? kept : [profileName]) {
    if (await collect({ ...options, profileName: name }, terminal) !== 0) status = 1;
  }
  return status;
}

/** What was asked for of Slurm; undefined where cells are computed here. @throws {InputError} for flags that go not together */
function executorOf(flags: ReproduceFlags): Omit<ExecutorOptions, "tablesArguments" | "quiet"> | undefined {
  const { executor } = flags;
  const own = ["slurm-args", "array-limit", "per-task", "lease"] as const;
  if (executor !== "slurm") {
    const given = own.find((name) => flags[name] !== undefined) ??
      (flags["same-adapter"] && !flags.collect ? "same-adapter" : undefined);
    if (given !== undefined) throw new InputError(`--${given} is for --executor slurm`);
    return undefined;
  }
  const isGiven = (name: keyof ReproduceFlags) => flags[name] !== undefined && flags[name] !== false;
  const other = (["jobs", "force", "accept", "accept-noise", "fail-fast"] as const).find(isGiven);
  if (other !== undefined) {
    throw new InputError(`--${other} is for cells that are computed here, not for --executor slurm`);
  }
  const zero = (["array-limit", "per-task", "lease"] as const).find((name) => flags[name] === 0);
  if (zero !== undefined) throw new InputError(`--${zero} 0: at least 1`);
  return {
    slurmArgs: flags["slurm-args"] ?? "",
    arrayLimit: flags["array-limit"],
    perTask: flags["per-task"] ?? 1,
    sameAdapter: flags["same-adapter"],
    leaseSeconds: flags.lease,
  };
}

/** What the job that makes tables is to be told; it is told the profile by who submits it. */
function tablesArgumentsOf(names: readonly string[], flags: ReproduceFlags): string[] {
  const list = (name: string, values: readonly unknown[] | undefined) => values ? [`--${name}`, values.join()] : [];
  return [
    ...names,
    ...givenArguments({ ...flags, profile: undefined }),
    ...list("seeds", flags.seeds),
    ...list("methods", flags.methods),
    ...list("tasks", flags.tasks),
    ...(flags["same-adapter"] ? ["--same-adapter"] : []),
    "--collect",
  ];
}

/** A judge that may not be reached shows at once, and with the command that was given: workers have another. */
async function permitJudge({ plans, present: { profile } }: Reproduction): Promise<void> {
  if (PREFERENCES.of(profile)?.oracle !== "judge") return;
  const sections = plans.flatMap(cellsToRun).flatMap(({ cell }) => cell.method.definition?.sections ?? []);
  if (sections.includes(PREFERENCES)) await permitJudgeOfPairs(profile);
}

async function run(
  reproduction: Reproduction,
  { experiments, terminal }: CommandContext,
  { quiet, accept }: { readonly quiet: boolean; readonly accept: "equal" | "noise" | undefined },
): Promise<ExitStatus> {
  const { plans, times } = reproduction;
  await permitJudge(reproduction);
  if (reproduction.place.recorded !== undefined) terminal.report(`${describePlace(reproduction.place)}\n`);
  for (const plan of plans) terminal.report(`${describePlan(plan, reproduction)}\n`);
  const line = new ProgressLine({ terminal, quiet });
  let check: NoiseCheck | undefined;
  const note = (message: string) => line.note(message);
  try {
    const outcome = await reproduction.run({
      accept,
      note,
      async planned(run) {
        check = await NoiseCheck.before(run);
      },
      watch: (cells, width) => new RunProgress({ cells, width, times, line }),
      show(tables) {
        line.end();
        for (const table of tables) terminal.print(table);
      },
    });
    line.end();
    for (const { cell, error, command } of outcome.failed) {
      terminal.report(`failed: ${fullAddressOf(cell)}: ${error.message}\n  again: ${command}\n`);
    }
    terminal.report(
      `cached ${outcome.cached}/${outcome.total}${outcome.ran > 0 ? `, ran ${outcome.ran}` : ""}${
        outcome.taken > 0 ? `, took ${outcome.taken} from other experiments` : ""
      }${outcome.failed.length > 0 ? `, failed ${outcome.failed.length}` : ""}\n`,
    );
    const verdict = await check?.verdict();
    if (check && verdict) {
      terminal.print(describeVerdict(verdict, check.against, check.isBeside, displayOf(experiments)));
    }
    return outcome.failed.length > 0 ? 1 : 0;
  } finally {
    line.end();
  }
}

/** Those that have one of the methods; each method that was asked for must be of one. */
function withMethods(experiments: readonly Experiment[], methods: CellChoice["methods"]): readonly Experiment[] {
  if (methods === undefined) return experiments;
  const known = [...new Set(experiments.flatMap(({ methods }) => methods.map(({ name }) => name)))];
  for (const name of methods) expectKnown("method", name, known);
  return experiments.filter((experiment) => experiment.methods.some(({ name }) => methods.includes(name)));
}

/** Those that have one of the tasks; each task that was asked for must be of one. */
function withTasks(experiments: readonly Experiment[], tasks: CellChoice["tasks"]): readonly Experiment[] {
  if (tasks === undefined) return experiments;
  const own = experiments.flatMap((experiment) => experiment.tasks ?? []);
  if (own.length === 0) {
    throw new InputError(`--tasks ${tasks.join()}: these experiments have no tasks; ./run list shows which have`);
  }
  const known = [...new Set(own.flatMap((task) => [task.split("/")[0], task]))];
  for (const name of tasks) expectKnown("task", name, known);
  return experiments.filter((each) => each.tasks?.some((task) => tasks.some((name) => matchesTask(name, task))));
}
