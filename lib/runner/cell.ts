import { InputError } from "#lib/errors.ts";
import type { Experiment, ExperimentMethod, Making } from "#lib/bench/experiment.ts";
import type { Profile } from "#lib/bench/profile.ts";
import { expectKnown } from "#lib/bench/suggestion.ts";
import type { CellKey } from "#lib/results/results_folder.ts";

/** What is computed at once: a row of a table for one task and seed. */
export interface Cell {
  readonly experiment: Experiment;
  readonly method: ExperimentMethod;
  /** Of an experiment that has tasks. */
  readonly task?: string;
  readonly seed: number;
}

/** Which cells of experiments are meant; all where nothing is given. */
export interface CellChoice {
  readonly seeds: readonly number[];
  readonly methods?: readonly string[];
  /** As `matchesTask` takes them. */
  readonly tasks?: readonly string[];
}

/** Seed by seed, and task by task: a student fine-tuned on the data serves the methods that follow it. */
export function cellsOf(experiment: Experiment, { seeds, methods, tasks }: CellChoice): Cell[] {
  return seeds.flatMap((seed) =>
    (experiment.tasks ?? [undefined]).flatMap((task) => {
      if (tasks && !tasks.some((name) => matchesTask(name, task))) return [];
      return experiment.methods
        .filter(({ name }) => methods?.includes(name) ?? true)
        .map((method): Cell => ({ experiment, method, task, seed }));
    })
  );
}

/** Whether a name asks for a task: its own, or its data set's alone, as `samsum` does for `samsum/base`. */
export function matchesTask(name: string, task: string | undefined): boolean {
  return task !== undefined && (task === name || task.startsWith(`${name}/`));
}

/** The cell's name in its experiment, and in `provenance.json`: `ammd/10`, `gkd/samsum/base/10`. */
export function addressOf({ method, task, seed }: Pick<Cell, "method" | "task" | "seed">): string {
  return [method.name, ...(task === undefined ? [] : [task]), seed].join("/");
}

/** What the rows of a cell are found by. */
export function cellKeyOf({ method, task, seed }: Pick<Cell, "method" | "task" | "seed">): CellKey {
  return { method: method.name, seed, ...(task === undefined ? {} : { task }) };
}

/** The same from an address: its first part is the method, the last the seed, a task may stand between. */
export function keyOfAddress(address: string): CellKey {
  const [method, ...rest] = address.split("/");
  const task = rest.slice(0, -1).join("/");
  return { method, seed: Number(rest.at(-1)), ...(task === "" ? {} : { task }) };
}

/** The cell of an address, if the experiment still has such a one. */
export function recordedCell(experiment: Experiment, address: string): Cell | undefined {
  const { method: name, task, seed } = keyOfAddress(address);
  const method = experiment.methods.find((each) => each.name === name);
  const hasTask = task === undefined ? experiment.tasks === undefined : experiment.tasks?.includes(task) ?? false;
  return method && hasTask ? { experiment, method, task, seed } : undefined;
}

/** The cell's name among all: `instruction_following/ammd/10`. */
export function fullAddressOf(cell: Cell): string {
  return `${cell.experiment.name}/${addressOf(cell)}`;
}

/** What decides the cell's numbers; its run is named with the seed. */
export function makingOf({ method, task, seed }: Cell, profile: Profile): Making {
  const making = method.making(profile, task);
  return { ...making, run: `${making.run}, seed ${seed}` };
}

/** What it is that the cell computes: cells of one run name are one run, whichever experiments ask for it. */
export function runNameOf(cell: Cell, profile: Profile): string {
  return makingOf(cell, profile).run;
}

/** The settings that the cell's code is given. */
export function settingsOf({ experiment, task }: Pick<Cell, "experiment" | "task">, profile: Profile): Profile {
  return experiment.settings?.(profile, task) ?? profile;
}

/**
 * The cell that a full address names.
 *
 * @throws {InputError} that says which part of it is unknown, and what is known
 */
export function cellAt(address: string, experiments: readonly Experiment[]): Cell {
  const [name, methodName, ...rest] = address.split("/");
  if (rest.length === 0) {
    throw new InputError(`"${address}" names no cell: write EXPERIMENT/METHOD/SEED or EXPERIMENT/METHOD/TASK/SEED`);
  }
  expectKnown("experiment", name, experiments.map((experiment) => experiment.name));
  const experiment = experiments.find((each) => each.name === name)!;
  expectKnown("method", methodName, experiment.methods.map((method) => method.name));
  const method = experiment.methods.find((each) => each.name === methodName)!;
  const [seed, task] = [rest.at(-1)!, rest.slice(0, -1).join("/") || undefined];
  if (!/^\d+$/.test(seed)) throw new InputError(`"${address}": the seed is "${seed}", not a whole number`);
  if (task !== undefined || experiment.tasks) {
    const tasks = experiment.tasks ?? [];
    if (task === undefined) throw new InputError(`"${address}" lacks a task: ${name} has ${tasks.join(", ")}`);
    expectKnown("task", task, tasks);
  }
  return { experiment, method, task, seed: Number(seed) };
}
