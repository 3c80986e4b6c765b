/**
 * The numbers that the code gives in profile `smoke`: one seed of every method of the registry, and one cell of every other kind of task.
 * `recorded_numbers.json` holds them as they were when a person last looked; `tools/record_numbers.ts` writes it, a test compares.
 */
import { EXPERIMENTS } from "#experiments/main.ts";
import { METHODS } from "#experiments/methods/registry.ts";
import type { Experiment } from "#lib/bench/experiment.ts";
import { loadProfile, type Profile } from "#lib/bench/profile.ts";
import { schemaOf } from "#lib/bench/profile_schema.ts";
import type { CellResult } from "#lib/results/cell_result.ts";
import { digestOf } from "#lib/results/digest.ts";
import { ResultsFolder } from "#lib/results/results_folder.ts";
import { addressOf, type Cell, cellAt, cellKeyOf } from "#lib/runner/cell.ts";
import { LocalComputer } from "#lib/runner/compute_cell.ts";
import { isSection, presentOf } from "#lib/runner/freshness.ts";
import { rowsDigest } from "#lib/runner/known_results.ts";

export const NUMBERS_FILE = new URL("./recorded_numbers.json", import.meta.url);
const PROFILE = "smoke";
const SEED = 10;
const DATA = ["experiments/tasks", "lib/data"];

/** A cell's numbers, and the versions that they are of. */
export interface CellNumbers {
  readonly numerics: Readonly<Record<string, number>>;
  /** The digest of everything that the cell gives, as files hold it. */
  readonly rows: string;
  /** Where training ended: the last value of each curve, to six digits. They move little where arithmetic rounds otherwise. */
  readonly ends: Readonly<Record<string, number>>;
}

export interface RecordedNumbers {
  readonly adapter: string;
  readonly deno: string;
  /** The digests of the files of embedded data, of which a cell of this profile reads a part only. */
  readonly data: Readonly<Record<string, string>>;
  /** By address. */
  readonly cells: Readonly<Record<string, CellNumbers>>;
}

/** The cells whose numbers are recorded: addresses. */
export function recordedAddresses(): string[] {
  const methods = Object.keys(METHODS).map((method) => `instruction_following/${method}`);
  const corpora = Map.groupBy(
    EXPERIMENTS.flatMap(({ name, tasks = [] }) => name === "task_specific" ? tasks : []),
    (task) => task.split("/")[0],
  );
  const tasks = [...corpora.values()].map(([task]) => `task_specific/gkd/${task}`);
  const others = ["critics/ratio_learned", "texts_per_step/ammd_texts_16", "learning_rates/kd_at_1e-3"];
  return [...methods, ...others, "gpt2_instruction_following/kd", ...tasks, "imitation_gap/distance_1"].map((each) =>
    `${each}/${SEED}`
  );
}

/** What was computed, and where cells have read settings that they do not declare. */
export interface ComputedNumbers extends RecordedNumbers {
  /** As in `instruction_following/kd/10 reads ammd`. */
  readonly undeclared: readonly string[];
}

/** Computes them all in this process. @param resultsFolder of its own, for what the cells share */
export async function computeNumbers(
  resultsFolder: string,
  say: (address: string) => void = () => {},
): Promise<ComputedNumbers> {
  const profile = await loadProfile(PROFILE, schemaOf(EXPERIMENTS));
  const read = new Set<string>();
  const experiments = EXPERIMENTS.map((experiment) => readingOf(experiment, (section) => read.add(section)));
  await using computer = await LocalComputer.open({
    ...{ resultsFolder, profileName: PROFILE, checkpointSeconds: 3600, otherArguments: [] },
    present: presentOf(profile, undefined, undefined),
    stop: new AbortController().signal,
    watcher: { say() {}, progress() {}, note() {} },
  });
  const cells: Record<string, CellNumbers> = {};
  const undeclared: string[] = [];
  let environment = { adapter: "", deno: "" };
  for (const address of recordedAddresses()) {
    say(address);
    const cell = cellAt(address, experiments);
    read.clear();
    const { result, basis } = await computer.compute(cell);
    const others = [...read].filter((section) => !(section in basis.settings));
    undeclared.push(...others.map((section) => `${address} reads ${section}`));
    cells[address] = {
      numerics: basis.numerics!,
      rows: await rowsOf(cell, result, resultsFolder),
      ends: endsOf(result),
    };
    environment = basis.environment;
  }
  return { ...environment, data: dataDigests(), cells, undeclared };
}

/** The same experiment, with the sections noted of which its code reads a setting. */
function readingOf(experiment: Experiment, note: (section: string) => void): Experiment {
  const observed = (section: object, name?: string): object =>
    new Proxy(section, {
      get(target, key, receiver) {
        const value = Reflect.get(target, key, receiver);
        if (typeof key === "symbol" || value === undefined) return value;
        if (isSection(value)) return observed(value, name ?? key);
        note(name ?? key);
        return value;
      },
    });
  return {
    ...experiment,
    open: (context, task) => experiment.open({ ...context, profile: observed(context.profile) as Profile }, task),
  };
}

async function rowsOf(cell: Cell, result: CellResult, resultsFolder: string): Promise<string> {
  const folder = await ResultsFolder.open(`${resultsFolder}/empty`, cell.experiment.name);
  folder.put(cellKeyOf(cell), result);
  return rowsDigest(folder, addressOf(cell));
}

function endsOf({ curves }: CellResult): Record<string, number> {
  const last = new Map(curves.toSorted((a, b) => a.step - b.step).map(({ measure, value }) => [measure, value]));
  return Object.fromEntries([...last].map(([measure, value]) => [measure, Number(value.toPrecision(6))]));
}

/** The files of embedded data with their digests. */
export function dataDigests(folders = DATA): Record<string, string> {
  const root = new URL("../../", import.meta.url);
  return Object.fromEntries(folders.flatMap((folder) => {
    const entries = [...Deno.readDirSync(new URL(folder, root))].sort((a, b) => (a.name < b.name ? -1 : 1));
    return entries.flatMap(({ name, isDirectory }): [string, string][] => {
      const path = `${folder}/${name}`;
      if (isDirectory) return Object.entries(dataDigests([path]));
      return /\.(json|tsv)$/.test(name) ? [[path, digestOf(Deno.readFileSync(new URL(path, root)))]] : [];
    });
  }));
}

/** The fewest versions whose cells are those that moved: what to bump. What no version alone explains is left to the last of the cell. */
export function versionsToBump(moved: readonly string[], cells: RecordedNumbers["cells"]): string[] {
  const names = [...new Set(moved.flatMap((address) => Object.keys(cells[address].numerics)))];
  const cellsOf = (name: string) => Object.keys(cells).filter((address) => name in cells[address].numerics);
  const whole = names.map((name) => ({ name, of: cellsOf(name) })).filter(({ of }) =>
    of.every((each) => moved.includes(each))
  )
    .sort((a, b) => b.of.length - a.of.length);
  const left = new Set(moved);
  const chosen: string[] = [];
  for (const { name, of } of whole) {
    if (!of.some((address) => left.has(address))) continue;
    chosen.push(name);
    of.forEach((address) => left.delete(address));
  }
  return [...new Set([...chosen, ...[...left].map((address) => Object.keys(cells[address].numerics).at(-1)!)])];
}
