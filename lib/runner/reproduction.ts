import { adapterName, requestAdapter } from "#kernels/runtime/adapter.ts";
import { type Tuning, tuningFor } from "#kernels/runtime/tuning.ts";
import { InputError } from "#lib/errors.ts";
import type { Experiment, RunContext } from "#lib/bench/experiment.ts";
import type { Profile } from "#lib/bench/profile.ts";
import { type AcceptMode, acceptStale, sampleGroups } from "./accept.ts";
import { adapterHere, rememberAdapter } from "./adapter_memory.ts";
import { type ChosenPlace, placeToWrite } from "./adapter_place.ts";
import { profileOf } from "#lib/results/place.ts";
import type { SharedThing } from "#lib/results/provenance.ts";
import { type Cell, runNameOf } from "./cell.ts";
import { codeVersion } from "#lib/results/git_repository.ts";
import { type CellComputer, type CellWatcher, LocalComputer, type LocalOptions } from "./compute_cell.ts";
import { type Estimate, RecordedTimes } from "./estimate.ts";
import { lockFolder } from "#lib/results/folder_lock.ts";
import { type Present, presentOf } from "./freshness.ts";
import { openKnown, readAllKnown } from "./known_results.ts";
import {
  cellsToRun,
  expectCells,
  type ExperimentPlan,
  planExperiments,
  type PlannedCell,
  type PlanOptions,
  staleOf,
} from "./plan.ts";
import { readTables, writeReport } from "./report.ts";
import type { ResultsFolder } from "#lib/results/results_folder.ts";
import { type CellObserver, CellRunner, type FailedCell } from "./run_cells.ts";
import { sharedPath } from "./snapshot_file.ts";
import { type Guard, isFile } from "#lib/results/storage.ts";
import { WorkerPool } from "./worker_pool.ts";

export interface ReproductionOptions extends PlanOptions, Pick<LocalOptions, "bindingLimit"> {
  readonly profile: Profile;
  /** Those that are asked for. */
  readonly experiments: readonly Experiment[];
  /** Every one: what another has recorded need not be computed again. */
  readonly allExperiments: readonly Experiment[];
  readonly dataFolder?: string;
  /** Whether results of another adapter than the recorded one are kept beside those; otherwise they take their place. */
  readonly keepsRecorded: boolean;
  /** Whether the adapter may be asked its name, where no run has told it yet. */
  readonly asksForAdapter: boolean;
  /** Whether results of any adapter are those that are wanted, as of a cluster whose nodes differ. */
  readonly anyAdapter?: boolean;
  readonly failFast: boolean;
  readonly checkpointSeconds: number;
  /** How many cells are computed at once, in processes of their own; undefined for as many as are good for the adapter. */
  readonly jobs?: number;
  /** Folders that cells read beside the project's and the data's, as those of checkpoints. */
  readonly reads?: readonly string[];
  /** The program's main module, of which such processes are started; without it all are computed in this one. */
  readonly program?: string;
  readonly otherArguments: readonly string[];
  readonly stop: AbortSignal;
  /** Takes the model of each cell that is computed in this process, where somebody wants it. */
  readonly handOver?: RunContext["handOver"];
}

/** What is told of a run while it goes on. */
export interface ReproductionWatcher {
  /** Whether results that only changed code has made stale are to be kept, if a sample of them comes out equal, or within the noise. */
  readonly accept?: AcceptMode;
  /** Is called with what will be done, before it is. */
  planned(reproduction: Reproduction): Promise<void>;
  /** Says what a person must know even afterwards. */
  note(message: string): void;
  /** Is called with the cells that will be run, of each whether its numbers will be computed or are another cell's, and how many at once. */
  watch(cells: readonly RunCell[], width: number): CellObserver & Pick<CellWatcher, "say" | "progress">;
  /** Shows an experiment's tables. */
  show(tables: readonly string[]): void;
}

/** A cell to be run. */
export interface RunCell {
  readonly cell: Cell;
  readonly isComputed: boolean;
  /** What will be made first that it shares with later ones, if it is computed. */
  readonly sharedSeconds?: number;
}

export interface Outcome {
  readonly total: number;
  readonly cached: number;
  readonly ran: number;
  readonly taken: number;
  readonly failed: readonly FailedCell[];
}

/** A `reproduce`: its plan, and its run. */
export class Reproduction {
  readonly plans: readonly ExperimentPlan[];
  readonly times: RecordedTimes;
  readonly present: Present;
  /** Where its results are kept. */
  readonly place: ChosenPlace;
  readonly #options: ReproductionOptions;

  private constructor(
    options: ReproductionOptions,
    place: ChosenPlace,
    present: Present,
    plans: readonly ExperimentPlan[],
    times: RecordedTimes,
  ) {
    this.#options = { ...options, profileName: place.profileName };
    [this.place, this.present, this.plans, this.times] = [place, present, plans, times];
  }

  /** Finds what is there, stale or missing. The GPU is asked its name at most, and only once on a machine. */
  static async plan(options: ReproductionOptions, adapter?: string): Promise<Reproduction> {
    const { profile, dataFolder, asksForAdapter, allExperiments } = options;
    const here = adapter ?? await adapterHere(asksForAdapter);
    const place = await placeOf(options, here);
    const present = presentOf(profile, dataFolder, options.anyAdapter ? undefined : here);
    const known = await readAllKnown(place, allExperiments);
    const { profileName } = place;
    const plans = await planExperiments(options.experiments, known, { ...options, profileName }, present);
    expectCells(plans);
    const others = place.recorded && new RecordedTimes(await readAllKnown(place.recorded, allExperiments), profile);
    return new Reproduction(options, place, present, plans, new RecordedTimes(known, profile, others));
  }

  /** How long what is to be run of some plans will take; cells whose numbers another experiment has take no time. */
  estimateOf(plans: readonly ExperimentPlan[]): Estimate {
    const computed = plans.flatMap((plan) => cellsToRun(plan)).filter(({ sameAs }) => sameAs === undefined);
    return this.times.total(computed.map(({ cell }) => cell), this.#isThere);
  }

  /** Whether a shared thing is there from an earlier run. */
  readonly #isThere = (thing: SharedThing): boolean => isFile(sharedPath(this.#options, thing));

  #runCells(planned: readonly PlannedCell[] = this.plans.flatMap((plan) => cellsToRun(plan))): RunCell[] {
    const runs = new Set<string>();
    const cells = planned.map(({ cell, sameAs }) => {
      const run = runNameOf(cell, this.present.profile);
      const isComputed = sameAs === undefined && !runs.has(run);
      runs.add(run);
      return { cell, isComputed };
    });
    const computed = cells.filter(({ isComputed }) => isComputed).map(({ cell }) => cell);
    const shared = this.times.sharedBy(computed, this.#isThere);
    return cells.map((each) => ({ ...each, sharedSeconds: shared.get(each.cell) }));
  }

  /**
   * Runs what there is to run.
   *
   * @throws {InputError} where every cell failed with one: what was asked for cannot be run
   */
  async run(watcher: ReproductionWatcher): Promise<Outcome> {
    if (this.#runCells().length > 0) return await this.#compute(watcher);
    await watcher.planned(this);
    const isAllFresh = this.plans.every(({ reportIsFresh }) => reportIsFresh);
    // Nothing is written where all is there.
    using _ = isAllFresh ? undefined : await lockFolder(this.#options.resultsFolder);
    for (const plan of this.plans) watcher.show(await this.#tablesOf(plan));
    const total = this.plans.reduce((sum, { cells }) => sum + cells.length, 0);
    return { total, cached: total, ran: 0, taken: 0, failed: [] };
  }

  /** The tables of an experiment whose results a runner has changed, or nobody. */
  async tablesOf(plan: ExperimentPlan, runner: Pick<CellRunner, "folderOf">): Promise<string[]> {
    if (cellsToRun(plan).length === 0) return await this.#tablesOf(plan);
    return await this.#report(plan, await runner.folderOf(plan.experiment));
  }

  /** The tables of an experiment whose cells are all there; made anew where what they are made from has changed. */
  async #tablesOf(plan: ExperimentPlan): Promise<string[]> {
    if (plan.reportIsFresh) return await readTables(plan.path);
    return await this.#report(plan, await openKnown(this.#options, plan.experiment, plan.known));
  }

  /** Runs with the folder locked, on the adapter that is really there. */
  async #compute(watcher: ReproductionWatcher): Promise<Outcome> {
    using guard = await lockFolder(this.#options.resultsFolder);
    const { info } = await requestAdapter();
    const adapter = adapterName(info);
    await rememberAdapter(adapter);
    // Another process may have been at work since the plan was made, or the adapter be another than the last.
    const planned = await Reproduction.plan(this.#options, adapter);
    const thought = this.present.adapter;
    if (thought !== undefined && thought !== adapter) {
      const { resultsFolder, profileName } = planned.place;
      const kept = `results are kept in ${resultsFolder}/${profileName}`;
      watcher.note(`the adapter is ${adapter}, no longer ${thought}: ${kept}`);
    }
    const { unknown } = await codeVersion();
    if (unknown !== undefined) watcher.note(unknown);
    await watcher.planned(planned);
    let observer: ReturnType<ReproductionWatcher["watch"]> | undefined;
    await using computer = await planned.#openComputer(tuningFor(info), {
      say: (cell, message) => observer?.say(cell, message),
      progress: (cell, progress) => observer?.progress(cell, progress),
      note: (message) => watcher.note(message),
    });
    const watch = (cells: readonly RunCell[]) => observer = watcher.watch(cells, computer.width);
    if (!watcher.accept) return await planned.#runOn(computer, watcher, watch, guard);
    await planned.#accept(computer, watcher, watch, watcher.accept);
    return await (await Reproduction.plan(this.#options, adapter)).#runOn(computer, watcher, watch, guard);
  }

  /** This process, with all threads of a CPU driver; or others, with an equal share of them each. */
  async #openComputer(tuning: Tuning, watcher: CellWatcher): Promise<CellComputer> {
    const { program, stop, otherArguments, profile } = this.#options;
    const cores = navigator.hardwareConcurrency;
    const jobs = this.#options.jobs ?? (tuning.name === "cpu" ? cores : 1);
    const width = Math.min(jobs, this.#runCells().filter(({ isComputed }) => isComputed).length);
    if (program === undefined || width <= 1) {
      return await LocalComputer.open({ ...this.#options, watcher, present: this.present });
    }
    const driverThreads = tuning.name === "cpu" ? Math.max(1, Math.floor(cores / width)) : undefined;
    return new WorkerPool({
      ...this.#options,
      program,
      judgeUrl: profile.judge.url,
      otherArguments: [...withoutPlace(otherArguments), "--profile", this.place.profileName],
      width,
      watcher,
      stop,
      driverThreads,
    });
  }

  async #accept(
    computer: CellComputer,
    { note }: ReproductionWatcher,
    watch: (cells: readonly RunCell[]) => CellObserver,
    mode: AcceptMode,
  ): Promise<void> {
    const [code, groups, { present }] = [await codeVersion(), sampleGroups(this.plans), this];
    const observer = watch(this.#runCells(groups.map(({ sample }) => sample)));
    const runner = new CellRunner(computer, { ...this.#options, failFast: false, present, code }, observer);
    await acceptStale(groups, runner, { mode, present, commit: code.commit, note });
  }

  async #runOn(
    computer: CellComputer,
    watcher: ReproductionWatcher,
    watch: (cells: readonly RunCell[]) => CellObserver,
    guard: Guard,
  ): Promise<Outcome> {
    const count = { run: 0, taken: 0, failed: 0 };
    const observer = watch(this.#runCells());
    const options = { ...this.#options, present: this.present, code: await codeVersion(), guard };
    const runner = new CellRunner(computer, options, {
      begin: (cell) => observer.begin(cell),
      putBack: (cell) => observer.putBack(cell),
      end(cell, how, ownMs) {
        count[how]++;
        observer.end(cell, how, ownMs);
      },
    });
    const tables = new Map<ExperimentPlan, readonly string[]>();
    let shown = 0;
    // Experiments may end in any order; their tables are shown in the plan's.
    const show = (plan: ExperimentPlan, made: readonly string[]) => {
      tables.set(plan, made);
      for (; tables.has(this.plans[shown]); shown++) watcher.show(tables.get(this.plans[shown])!);
    };
    const report = async (plan: ExperimentPlan) =>
      show(plan, await this.#report(plan, await runner.folderOf(plan.experiment)));
    const toRun = this.plans.filter((plan) => cellsToRun(plan).length > 0);
    for (const plan of this.plans.filter((plan) => !toRun.includes(plan))) show(plan, await this.#tablesOf(plan));
    await runner.run(this.plans, report);
    // Where the first failure ended the run, cells are left.
    for (const plan of toRun.filter((plan) => !tables.has(plan))) await report(plan);
    const { failed } = runner;
    if (
      count.run + count.taken === 0 && failed.length > 0 && failed.every(({ error }) => error instanceof InputError)
    ) {
      throw failed[0].error;
    }
    const total = this.plans.reduce((sum, { cells }) => sum + cells.length, 0);
    return { total, cached: total - this.#runCells().length, ran: count.run, taken: count.taken, failed };
  }

  /** Writes what is recorded, and its tables and figures; the tables. */
  async #report(plan: ExperimentPlan, folder: ResultsFolder): Promise<string[]> {
    if (folder.scores.length === 0) return [];
    await folder.write();
    const known = { provenance: folder.provenance, areWhole: true };
    const stale = staleOf(plan.experiment, known, this.present);
    await writeReport(plan.experiment, folder, profileOf(this.#options.profileName), stale);
    return await readTables(plan.path);
  }
}

async function placeOf(options: ReproductionOptions, adapter: string | undefined): Promise<ChosenPlace> {
  const { resultsFolder, profileName, keepsRecorded, allExperiments: experiments, profile } = options;
  if (!keepsRecorded) return { resultsFolder, profileName, adapter, recorded: undefined };
  const isEverywhere = profile.trial !== undefined;
  return await placeToWrite({ resultsFolder, profileName, experiments, isEverywhere }, adapter);
}

/** Arguments for who computes cells: they are told the folder, and where results go is none of their business. */
export function withoutPlace(args: readonly string[]): string[] {
  return args.filter((each, i) => each !== "--record" && each !== "--profile" && args[i - 1] !== "--profile");
}
