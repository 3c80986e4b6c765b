import { InputError } from "#lib/errors.ts";
import { digestOfJson } from "#lib/results/digest.ts";
import { lockFolder, STATE_FOLDER } from "#lib/results/folder_lock.ts";
import { isFile, writeAtomically } from "#lib/results/storage.ts";
import { shellCommand, shellWord } from "#lib/shell_command.ts";
import { type Cell, cellAt, fullAddressOf, runNameOf } from "#lib/runner/cell.ts";
import { forgetKept, readKept } from "#lib/runner/kept_cells.ts";
import { cellsToRun } from "#lib/runner/plan.ts";
import { Reproduction, type ReproductionOptions, withoutPlace } from "#lib/runner/reproduction.ts";
import { sharedPath } from "#lib/runner/snapshot_file.ts";
import { type Grid, gridFolder, type GridJob, newGridName, readGrids, writeGrid } from "./grid.ts";
import { submittedIn } from "./grid_state.ts";
import { slurmOutput, wordsOf } from "./programs.ts";
import { queueOf } from "./queue.ts";
import { tablesScript, taskScript } from "./scripts.ts";
import { type Stage, stagesOf } from "./stages.ts";

export interface SubmitOptions {
  readonly reproduction: ReproductionOptions;
  /** Of the nodes. */
  readonly adapter: string;
  /** Whether cells of nodes with another one are refused. */
  readonly sameAdapter: boolean;
  /** What is added to each `sbatch`. */
  readonly slurmArgs: string;
  /** Tasks that run at once; undefined for as many as there is room for. */
  readonly arrayLimit: number | undefined;
  /** Cells of a task. */
  readonly perTask: number;
  readonly leaseSeconds: number | undefined;
  /** What the job that makes tables is called with, after `./run reproduce`. */
  readonly tablesArguments: readonly string[];
  /** The project's folder, absolute. */
  readonly project: string;
}

/** What is under way when a grid has been submitted. */
export interface Submission {
  readonly reproduction: Reproduction;
  /** Undefined where nothing was missing. */
  readonly grid: Grid | undefined;
  /** Cells that earlier submissions compute already. */
  readonly earlier: number;
  /** The jobs of all cells that were asked for, those of earlier submissions as well. */
  readonly jobs: readonly string[];
}

/** Submits the cells that are missing and that no earlier submission is computing; of who starts at once, one after the other. */
export async function submitGrid(options: SubmitOptions): Promise<Submission> {
  const { resultsFolder, stop } = options.reproduction;
  using _ = await lockFolder(resultsFolder, Deno.args, stop);
  const reproduction = await Reproduction.plan(options.reproduction, options.adapter);
  const { place, present, plans } = reproduction;
  const runOf = (cell: Cell) => runNameOf(cell, present.profile);
  const alike = (await readGrids(resultsFolder)).filter(({ profileName, settings }) =>
    profileName === place.profileName && settings === settingsOf(options.reproduction)
  );
  const living = await livingRuns(alike, options.reproduction, runOf);
  const missing: Cell[] = [];
  const [seen, jobs] = [new Set<string>(), new Set<string>()];
  let earlier = 0;
  for (const { cell, sameAs } of plans.flatMap(cellsToRun)) {
    if (sameAs !== undefined || seen.has(runOf(cell))) continue;
    seen.add(runOf(cell));
    const job = living.get(runOf(cell));
    if (job !== undefined) [earlier++, jobs.add(job)];
    else if (!await readKept(place, cell, present)) missing.push(cell);
  }
  if (missing.length === 0) return { reproduction, grid: undefined, earlier, jobs: [...jobs] };
  // A task takes what is kept for what is wanted.
  for (const cell of missing) await forgetKept(place, cell);
  const isThere = (thing: Parameters<typeof sharedPath>[1]) => isFile(sharedPath(place, thing));
  const stages = stagesOf(missing, { profile: present.profile, perTask: options.perTask, isThere });
  const grid = await new Submitter(options, reproduction, stages, [...jobs]).submit();
  return { reproduction, grid, earlier, jobs: [...jobs, ...grid.jobs.map(({ id }) => id)] };
}

function settingsOf({ profile, dataFolder }: ReproductionOptions): string {
  return digestOfJson([profile, dataFolder ?? null]);
}

/** The runs that jobs in Slurm's queue are to compute, or are computing, with the job of each. */
async function livingRuns(
  grids: readonly Grid[],
  { allExperiments }: ReproductionOptions,
  runOf: (cell: Cell) => string,
): Promise<Map<string, string>> {
  const submitted = submittedIn(grids);
  const queue = await queueOf([...new Set([...submitted.values()].map(({ job }) => job))]);
  if (!queue) {
    throw new InputError("--executor slurm: squeue does not say what is queued already; is the controller up?");
  }
  const runs = new Map<string, string>();
  for (const [address, { task, job }] of submitted) {
    if (queue.has(task)) runs.set(runOf(cellAt(address, allExperiments)), job);
  }
  return runs;
}

/** Writes the files of a grid, and submits them. */
class Submitter {
  readonly #options: SubmitOptions;
  readonly #reproduction: Reproduction;
  readonly #stages: readonly Stage[];
  /** Jobs of earlier submissions that the tables wait for. */
  readonly #earlier: readonly string[];
  readonly #name = newGridName();
  /** As a person would submit it. */
  readonly #lines: string[] = [];

  constructor(
    options: SubmitOptions,
    reproduction: Reproduction,
    stages: readonly Stage[],
    earlier: readonly string[],
  ) {
    [this.#options, this.#reproduction, this.#stages, this.#earlier] = [options, reproduction, stages, earlier];
  }

  get #folder(): string {
    return gridFolder(this.#options.reproduction.resultsFolder, this.#name);
  }

  async submit(): Promise<Grid> {
    const { project, adapter, reproduction: { resultsFolder } } = this.#options;
    const { profileName } = this.#reproduction.place;
    const folder = absolute(this.#folder, project);
    for (const name of ["logs", "ended"]) await Deno.mkdir(`${this.#folder}/${name}`, { recursive: true });
    const keptFolder = `${absolute(resultsFolder, project)}/${STATE_FOLDER}/${profileName}/computed`;
    await this.#write("task.sh", taskScript({ project, folder, keptFolder, command: this.#cellCommand() }));
    const tables = shellCommand(["reproduce", ...this.#options.tablesArguments, "--profile", profileName]);
    await this.#write("tables.sh", tablesScript({ project, folder }, tables));
    const settings = settingsOf(this.#options.reproduction);
    const about = { format: 1, name: this.#name, command: shellCommand(Deno.args), settings } as const;
    const time = new Date().toISOString();
    const grid = (jobs: readonly GridJob[]): Grid => ({ ...about, time, profileName, adapter, jobs });
    const jobs: GridJob[] = [];
    try {
      await this.#submitStages(async (job) => {
        jobs.push(job);
        // What is queued is known, whatever ends this process.
        await writeGrid(resultsFolder, grid(jobs));
      });
    } catch (error) {
      if (jobs.length > 0) await slurmOutput("scancel", jobs.map(({ id }) => id)).catch(() => {});
      throw error;
    }
    await this.#write("submit.sh", `#!/bin/sh\n# Submits all of it again.\nset -e\n${this.#lines.join("\n")}\n`);
    return grid(jobs);
  }

  async #submitStages(submitted: (job: GridJob) => Promise<void>): Promise<void> {
    const limit = await largestArray();
    const ids = new Map<string, string[]>();
    const parts = this.#stages.flatMap((stage) => inParts(stage, limit));
    for (const [i, { stage, name, tasks }] of parts.entries()) {
      const cells = tasks.map((task) => task.map(fullAddressOf));
      const file = `${i + 1}-${name}.txt`;
      await this.#write(file, cells.map((task) => `${task.join(" ")}\n`).join(""));
      const width = this.#widthOf(parts.filter((part) => part.stage === stage).length);
      const array = `--array=1-${tasks.length}${width}`;
      const after = stage.after === undefined ? [] : ids.get(stage.after)!;
      const id = await this.#sbatch(name, [array], after, ["task.sh", file]);
      ids.set(stage.name, [...ids.get(stage.name) ?? [], id]);
      await submitted({ name, id, tasks: cells });
    }
    const all = [...this.#earlier, ...[...ids.values()].flat()];
    await submitted({ name: "tables", id: await this.#sbatch("tables", [], all, ["tables.sh"]), tasks: [] });
  }

  /**
   * Submits a script after others have ended, however they did: what a failed one leaves undone its successors do themselves, or fail for
   * the same reason, and tables say what is missing.
   */
  async #sbatch(name: string, args: readonly string[], after: readonly string[], script: readonly string[]) {
    const dependency = after.length === 0 ? [] : [`--dependency=afterany:${after.join(":")}`];
    const own = ["--parsable", `--job-name=${name}`, ...args, ...dependency, ...wordsOf(this.#options.slurmArgs)];
    const folder = absolute(this.#folder, this.#options.project);
    const [file, ...rest] = script;
    const id = (await slurmOutput("sbatch", [...own, `${folder}/${file}`, ...rest])).trim().split(";")[0];
    const variable = (job: string) => `$job${job}`;
    const words = own.map((word) =>
      word === dependency[0]
        ? `--dependency=afterany:${after.map((job) => this.#earlier.includes(job) ? job : variable(job)).join(":")}`
        : shellWord(word)
    );
    this.#lines.push(
      `job${id}=$(sbatch ${words.join(" ")} ${[`${folder}/${file}`, ...rest].map(shellWord).join(" ")})`,
    );
    return id;
  }

  #widthOf(arrays: number): string {
    const { arrayLimit } = this.#options;
    return arrayLimit === undefined ? "" : `%${Math.max(1, Math.floor(arrayLimit / arrays))}`;
  }

  #cellCommand(): string {
    const { reproduction, adapter, sameAdapter, leaseSeconds } = this.#options;
    const { profileName } = this.#reproduction.place;
    const others = withoutPlace(reproduction.otherArguments);
    return shellCommand([
      ...["cell", "--keep", ...others, "--profile", profileName, "--adapter", adapter],
      ...(sameAdapter ? ["--same-adapter"] : []),
      ...(leaseSeconds === undefined ? [] : ["--lease", String(leaseSeconds)]),
      ...["--checkpoint-every", String(reproduction.checkpointSeconds)],
    ]);
  }

  async #write(file: string, text: string): Promise<void> {
    await writeAtomically(`${this.#folder}/${file}`, text);
  }
}

export function absolute(path: string, project: string): string {
  return path.startsWith("/") ? path : `${project}/${path}`;
}

/** The most tasks that an array may have. */
async function largestArray(): Promise<number> {
  const text = await slurmOutput("scontrol", ["show", "config"]);
  return Math.max(1, Number(/^MaxArraySize\s*=\s*(\d+)/m.exec(text)?.[1] ?? 1001) - 1);
}

function inParts(stage: Stage, limit: number) {
  const count = Math.ceil(stage.tasks.length / limit);
  return Array.from({ length: count }, (_, i) => ({
    stage,
    name: count === 1 ? stage.name : `${stage.name}-${i + 1}`,
    tasks: stage.tasks.slice(i * limit, (i + 1) * limit),
  }));
}
