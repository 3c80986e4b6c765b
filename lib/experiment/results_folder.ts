import { InputError } from "#lib/errors.ts";
import { type CurveRow, formatCurves, parseCurves } from "#lib/reporting/curves_csv.ts";
import { formatItems, type ItemsRow, parseItems } from "#lib/reporting/items_csv.ts";
import { formatScores, parseScores, type ScoreRow } from "#lib/reporting/scores_csv.ts";
import type { CellResult, SampleResponse } from "./experiment.ts";

/** What varies between runs of the same numbers: kept apart from the CSV files. */
export interface Provenance {
  readonly configuration: unknown;
  /** SHA-256 of the resolved configuration and the data: cells of another one are stale. */
  readonly configurationHash: string;
  readonly deno: string;
  readonly adapter: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly cells: Readonly<Record<string, CellProvenance>>;
}

export interface CellProvenance {
  /** Of the code that computed it, and whether that had been changed since. */
  readonly commit: string;
  readonly dirty: boolean;
  /** SHA-256 of what the method adds to the configuration: the cell is stale where it differs. */
  readonly methodHash: string;
  /** Near 0 where another experiment of the same run had computed it; the first of a run bears what all share. */
  readonly wallSeconds: number;
  /** The largest resident memory of the process so far, as seen at the reports of progress: Deno tells no peak of its own. */
  readonly peakMemoryBytes: number;
  readonly peakGpuBytes: number;
}

interface SampleRow extends SampleResponse {
  readonly method: string;
  readonly task?: string;
  readonly seed: number;
}

/** Which cell a row belongs to. Scores tell their task by the data set: the task itself, or its name and `/` in front. */
export interface CellKey {
  readonly method: string;
  readonly seed: number;
  readonly task?: string;
}

/** What is recorded of cells; every other table is made from it. */
const RECORDS = ["scores.csv", "items.csv", "curves.csv"];

/** The files of one experiment, `results/<profile>/<experiment>/`; written whole and renamed, so that none is ever torn. */
export class ResultsFolder {
  readonly path: string;
  readonly experiment: string;
  scores: readonly ScoreRow[] = [];
  /** The scores item by item, which differences between methods are tested on. */
  items: readonly ItemsRow[] = [];
  curves: readonly CurveRow[] = [];
  #samples: readonly SampleRow[] = [];
  provenance: Provenance | undefined;

  private constructor(path: string, experiment: string) {
    this.path = path;
    this.experiment = experiment;
  }

  static async open(results: string, profile: string, experiment: string): Promise<ResultsFolder> {
    const folder = new ResultsFolder(`${results}/${profile}/${experiment}`, experiment);
    const [scores, items, curves, samples, provenance] = await Promise.all(
      ["scores.csv", "items.csv", "curves.csv", "samples.jsonl", "provenance.json"].map((file) =>
        readIfThere(`${folder.path}/${file}`)
      ),
    );
    if (scores !== undefined) folder.scores = parseScores(scores, `${folder.path}/scores.csv`);
    if (items !== undefined) folder.items = parseItems(items, `${folder.path}/items.csv`);
    if (curves !== undefined) folder.curves = parseCurves(curves, `${folder.path}/curves.csv`);
    if (samples !== undefined) folder.#samples = parseLines(samples, `${folder.path}/samples.jsonl`) as SampleRow[];
    if (provenance !== undefined) {
      folder.provenance = parseLines(
        provenance.replaceAll("\n", ""),
        `${folder.path}/provenance.json`,
      )[0] as Provenance;
    }
    return folder;
  }

  has(cell: CellKey): boolean {
    return this.scores.some((row) => isScoreOf(cell, row));
  }

  /** Forgets everything, of this configuration or another, and removes tables and figures, which would outlive it. */
  async clear(): Promise<void> {
    [this.scores, this.items, this.curves, this.#samples] = [[], [], [], []];
    this.provenance = undefined;
    await this.writeReport({});
  }

  /** Puts a cell's results in place of any that were there, rounded as the files hold them, so that these tell all there is. */
  put(cell: CellKey, result: CellResult): void {
    const { method, seed, task } = cell;
    const key = { experiment: this.experiment, method, seed };
    const ofTask = task === undefined ? {} : { task };
    const scores = result.scores.map(({ items: _, statistics: __, ...score }) => ({ ...key, ...score }));
    const wrong = scores.find((row) => !isScoreOf(cell, row));
    if (wrong) throw new RangeError(`Cannot keep a score on ${wrong.dataset}: the cell is of ${task}`);
    const items = result.scores.flatMap(({ dataset, metric, items, statistics = {} }) =>
      Object.entries({ ...(items ? { [metric]: items } : {}), ...statistics }).map(([name, values]) => (
        { ...key, dataset, metric: name, values }
      ))
    );
    const curves = result.curves.map((row) => ({ ...key, ...ofTask, ...row }));
    this.scores = [
      ...this.scores.filter((row) => !isScoreOf(cell, row)),
      ...parseScores(formatScores(scores), "scores.csv"),
    ];
    this.items = [...this.items.filter((row) => !isScoreOf(cell, row)), ...parseItems(formatItems(items), "items.csv")];
    this.curves = [
      ...this.curves.filter((row) => !isRowOf(cell, row)),
      ...parseCurves(formatCurves(curves), "curves.csv"),
    ];
    this.#samples = [
      ...this.#samples.filter((row) => !isRowOf(cell, row)),
      ...result.samples.map((sample) => ({ method, ...ofTask, seed, ...sample })),
    ].sort((a, b) => compare(a.method, b.method) || compare(a.task ?? "", b.task ?? "") || a.seed - b.seed);
  }

  /**
   * Writes everything that is known of the cells. A stop in between leaves a cell without scores, which is missing, or results
   * that look stale: never scores without what belongs to them.
   */
  async write(): Promise<void> {
    await this.#writeFiles({
      "items.csv": formatItems(this.items),
      "curves.csv": formatCurves(this.curves),
      "samples.jsonl": this.#samples.map((row) => `${JSON.stringify(row)}\n`).join(""),
      "scores.csv": formatScores(this.scores),
      "provenance.json": `${JSON.stringify(this.provenance, null, 2)}\n`,
    });
  }

  /** Writes tables and figures, and removes those of an earlier report that are not among them. */
  async writeReport(files: Readonly<Record<string, string>>): Promise<void> {
    for await (const { name } of Deno.readDir(this.path)) {
      const isReport = /\.(md|csv|svg)$/.test(name) && !RECORDS.includes(name);
      if (isReport && !Object.hasOwn(files, name)) await Deno.remove(`${this.path}/${name}`);
    }
    await this.#writeFiles(files);
  }

  /** A file that is so already is left alone. */
  async #writeFiles(files: Readonly<Record<string, string>>): Promise<void> {
    await Deno.mkdir(this.path, { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      if (await readIfThere(`${this.path}/${name}`) === text) continue;
      await Deno.writeTextFile(`${this.path}/.${name}.part`, text);
      await Deno.rename(`${this.path}/.${name}.part`, `${this.path}/${name}`);
    }
  }
}

function isRowOf({ method, seed, task }: CellKey, row: CellKey): boolean {
  return row.method === method && row.seed === seed && row.task === task;
}

function isScoreOf({ method, seed, task }: CellKey, row: CellKey & { readonly dataset: string }): boolean {
  const isOfTask = task === undefined || row.dataset === task || row.dataset.startsWith(`${task}/`);
  return row.method === method && row.seed === seed && isOfTask;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function parseLines(text: string, path: string): unknown[] {
  return text.split("\n").filter((line) => line !== "").map((line, i) => {
    try {
      return JSON.parse(line);
    } catch {
      throw new InputError(`${path}:${i + 1}: not JSON; restore the file or run with --force`);
    }
  });
}
