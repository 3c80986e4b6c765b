import { adapterName, requestAdapter } from "#kernels/runtime/adapter.ts";
import { InputError } from "#lib/errors.ts";
import { scoringSettings } from "#lib/judge/settings.ts";
import { NonFiniteError } from "#lib/training/measure_log.ts";
import type { Experiment, ExperimentRun, Report } from "./experiment.ts";
import type { Profile } from "./profile.ts";
import { reportFiles } from "./report_files.ts";
import { type CellProvenance, type Provenance, ResultsFolder } from "./results_folder.ts";
import type { OpenRun } from "./run_context.ts";

export interface ReproduceOptions {
  readonly profileName: string;
  readonly profile: Profile;
  readonly seeds: readonly number[];
  /** Methods to run; all of the experiment where not given. */
  readonly methods?: readonly string[];
  /** Tasks to run, as `matchesTask` takes them; all of the experiment where not given. */
  readonly tasks?: readonly string[];
  readonly dataFolder?: string;
  readonly resultsFolder: string;
  /** Runs cells that are there, too. */
  readonly force: boolean;
}

export interface Cell {
  readonly method: string;
  readonly seed: number;
  /** Of an experiment that has tasks. */
  readonly task?: string;
  /** Of what the method adds to the configuration. */
  readonly methodHash: string;
}

/** The cells of an experiment that a run would compute, and why; those of other settings are not kept. */
export interface Plan {
  readonly folder: ResultsFolder;
  readonly configurationHash: string;
  readonly missing: readonly Cell[];
  readonly finished: readonly Cell[];
  /** Why the recorded results cannot stay, if they cannot. */
  readonly stale?: string;
}

/** A cell whose training went wrong. */
export interface FailedCell {
  readonly cell: Cell;
  readonly error: Error;
}

/** Finds what is missing: cells without scores or of a changed method, or all of other settings, data, adapter or Deno. */
export async function planCells(experiment: Experiment, options: ReproduceOptions): Promise<Plan> {
  const folder = await ResultsFolder.open(options.resultsFolder, options.profileName, experiment.name);
  const { profile, dataFolder } = options;
  const configurationHash = await hashOf({
    profile: decisiveSettings(experiment, profile),
    data: dataFolder === undefined ? "embedded" : await hashOfFolder(dataFolder),
  });
  const stale = folder.provenance &&
    staleness(folder.provenance, configurationHash, adapterName((await requestAdapter()).info));
  const [missing, finished]: Cell[][] = [[], []];
  for await (const cell of cellsOf(experiment, options)) {
    const isThere = folder.has(cell) && folder.provenance?.cells[nameOf(cell)]?.methodHash === cell.methodHash;
    (options.force || stale !== undefined || !isThere ? missing : finished).push(cell);
  }
  return { folder, configurationHash, missing, finished, stale };
}

/** Seed by seed, and task by task: a student fine-tuned on the data serves the methods that follow it. */
async function* cellsOf({ methods, tasks }: Experiment, options: ReproduceOptions): AsyncGenerator<Cell> {
  const { profile } = options;
  const chosen = methods.filter(({ name }) => options.methods?.includes(name) ?? true);
  for (const seed of options.seeds) {
    for (const task of tasks ?? [undefined]) {
      if (options.tasks && !options.tasks.some((name) => matchesTask(name, task))) continue;
      for (const { name: method, key, tasks: own } of chosen) {
        if (task !== undefined && own && !own.includes(task)) continue;
        yield { method, seed, task, methodHash: await hashOf(key(profile, task)) };
      }
    }
  }
}

/** Whether a name asks for a task: its own, or its data set's alone, as `samsum` does for `samsum/base`. */
export function matchesTask(name: string, task: string | undefined): boolean {
  return task !== undefined && (task === name || task.startsWith(`${name}/`));
}

/** As `provenance.json` and messages name a cell. */
export function nameOf({ method, task, seed }: Omit<Cell, "methodHash">): string {
  return [method, ...(task === undefined ? [] : [task]), `seed ${seed}`].join(", ");
}

function staleness(recorded: Provenance, configurationHash: string, adapter: string): string | undefined {
  if (recorded.configurationHash !== configurationHash) return "other settings";
  if (recorded.adapter !== adapter) return `another adapter, ${recorded.adapter}`;
  return recorded.deno === Deno.version.deno ? undefined : `Deno ${recorded.deno}`;
}

/** What is followed while cells run. */
export interface RunObserver {
  /** How many cells are done, of how many. */
  readonly done: (done: number, total: number) => void;
  /** What a person must know even afterwards. */
  readonly note: (message: string) => void;
}

/** Runs the missing cells one after the other and writes what they gave after each, so that it is kept; the cells that failed. */
export async function runCells(
  experiment: Experiment,
  plan: Plan,
  options: ReproduceOptions,
  context: OpenRun,
  observer: RunObserver,
): Promise<FailedCell[]> {
  const { folder, missing } = plan;
  const failed: FailedCell[] = [];
  const run = await experiment.open(context);
  if (plan.stale !== undefined) await folder.clear();
  folder.provenance = {
    configuration: usedSettings(experiment, options.profile),
    configurationHash: plan.configurationHash,
    deno: Deno.version.deno,
    adapter: adapterName(context.gpu.adapterInfo),
    data: folder.provenance?.data ?? {},
    cells: folder.provenance?.cells ?? {},
  };
  const code = await codeVersion();
  for (const [done, cell] of missing.entries()) {
    observer.done(done, missing.length);
    context.say(nameOf(cell));
    try {
      await runCell(context, run, cell, folder, code);
      await folder.write();
    } catch (error) {
      // A run that went wrong says nothing of the others; anything else is a defect or a device that is gone.
      if (!(error instanceof NonFiniteError)) throw error;
      failed.push({ cell, error });
      observer.note(`failed: ${experiment.name} ${failureOf(cell, error)}`);
    }
  }
  observer.done(missing.length, missing.length);
  return failed;
}

/** Writes the tables and figures of what has been recorded. */
export async function writeReport(experiment: Experiment, folder: ResultsFolder, profile: string): Promise<Report> {
  const report = reportOf(experiment, folder, profile);
  if (folder.scores.length > 0) await folder.writeReport(await reportFiles(report));
  return report;
}

/** The tables and figures of what has been recorded; computes nothing anew. */
export function reportOf(experiment: Experiment, folder: ResultsFolder, profile: string): Report {
  const { scores, items, curves } = folder;
  return experiment.report({ profile, scores, items, curves });
}

/** Names the cell, too, where its training is shared and bears the name of the first that asked for it. */
function failureOf(cell: Cell, { message }: Error): string {
  return message.startsWith(`${nameOf(cell)}: `) ? message : `${nameOf(cell)}: ${message}`;
}

async function runCell(
  context: OpenRun,
  run: ExperimentRun,
  cell: Cell,
  folder: ResultsFolder,
  code: CodeVersion,
): Promise<void> {
  const start = performance.now();
  folder.put(cell, await run.cell(cell.method, cell.seed, cell.task));
  const cells = {
    ...folder.provenance!.cells,
    [nameOf(cell)]: {
      ...code,
      methodHash: cell.methodHash,
      wallSeconds: Math.round((performance.now() - start) / 100) / 10,
      peakMemoryBytes: Math.max(context.peakBytes, Deno.memoryUsage().rss),
      peakGpuBytes: context.gpu.peakBytes,
    },
  };
  const data = { ...folder.provenance!.data, ...run.description };
  folder.provenance = { ...folder.provenance!, data, cells };
}

type CodeVersion = Pick<CellProvenance, "commit" | "dirty">;

async function codeVersion(): Promise<CodeVersion> {
  return {
    commit: await git("rev-parse", "HEAD"),
    dirty: await git("status", "--porcelain", "--", ".", ":(exclude)results") !== "",
  };
}

/** What git prints, or "unknown" outside a repository. */
async function git(...args: string[]): Promise<string> {
  try {
    const { success, stdout } = await new Deno.Command("git", { args, stderr: "null" }).output();
    return success ? new TextDecoder().decode(stdout).trim() : "unknown";
  } catch {
    return "unknown";
  }
}

/** What decides the numbers: other seeds are other cells, and how a judge is reached is no matter. */
function decisiveSettings(experiment: Experiment, profile: Profile) {
  const { seeds: _, judge, ...settings } = usedSettings(experiment, profile);
  return { ...settings, ...(judge ? { judge: scoringSettings(judge) } : {}) };
}

/** The profile without the sections that the experiment does not read. */
function usedSettings({ unusedSections }: Experiment, profile: Profile): Partial<Profile> {
  return Object.fromEntries(
    Object.entries(profile).filter(([section]) => !unusedSections.includes(section as keyof Profile)),
  );
}

async function hashOf(value: unknown): Promise<string> {
  return await sha256(new TextEncoder().encode(JSON.stringify(value)));
}

/** Of the names and contents of a folder's files, folders in it included; where it is makes no difference. */
async function hashOfFolder(path: string): Promise<string> {
  const files: string[] = [];
  const walk = async (folder: string) => {
    for await (const { name, isDirectory } of Deno.readDir(`${path}/${folder}`)) {
      if (isDirectory) await walk(`${folder}${name}/`);
      else files.push(`${folder}${name}`);
    }
  };
  try {
    await walk("");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new InputError(`--data ${path}: there is no such folder`);
    throw error;
  }
  const hashes: string[] = [];
  for (const file of files.sort()) hashes.push(`${file} ${await sha256(await Deno.readFile(`${path}/${file}`))}`);
  return await hashOf(hashes);
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
