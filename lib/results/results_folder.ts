import { visibleJson } from "#lib/visible_text.ts";
import type { CellResult, CellScore, PairRecord, SampleResponse } from "./cell_result.ts";
import { compareKeys } from "./csv_rows.ts";
import { type CurveRow, formatCurves, parseCurves } from "./curves_csv.ts";
import { formatItems, type ItemsRow, parseItems } from "./items_csv.ts";
import { formatScores, parseScores, type ScoreRow } from "./scores_csv.ts";
import { digestOf } from "./digest.ts";
import { type JudgedRow, parseLines, readJudged } from "./judged_rows.ts";
import { formatProvenance, NO_PROVENANCE, type Provenance } from "./provenance.ts";
import { readTextIfThere, removeIfThere, writeIfChanged } from "./storage.ts";

/** Which cell a row belongs to. The data set of a score begins with the cell's task: the task itself, or its name and `/` in front. */
export interface CellKey {
  readonly method: string;
  readonly seed: number;
  readonly task?: string;
}

export type SampleRow = CellKey & SampleResponse;
/** A line of `pairs.jsonl`. */
export type PairRow = CellKey & PairRecord;

/** What is recorded of cells; every other file is made from these. */
export const RECORDED_FILES = ["scores.csv", "items.csv", "curves.csv", "samples.jsonl", "pairs.jsonl"] as const;
/** The one of them that is there only where cells learn from preference pairs. */
export const PAIRS_FILE = "pairs.jsonl";
export const PROVENANCE_FILE = "provenance.json";
/** What a report writes, and may remove. */
const REPORT_FILE = /\.(md|csv|svg|tex)$/;

/** The files of one experiment, `results/<profile>/<experiment>/`; each written whole and renamed, so that none is ever torn. */
export class ResultsFolder {
  readonly path: string;
  readonly experiment: string;
  scores: readonly ScoreRow[] = [];
  /** The scores item by item, which differences between methods are tested on. */
  items: readonly ItemsRow[] = [];
  curves: readonly CurveRow[] = [];
  samples: readonly SampleRow[] = [];
  pairs: readonly PairRow[] = [];
  /** What a judge made of the cells' responses, in a file of its own. */
  judged: readonly JudgedRow[] = [];
  provenance: Provenance = NO_PROVENANCE;

  private constructor(path: string, experiment: string) {
    this.path = path;
    this.experiment = experiment;
  }

  /** Reads all rows that are there. */
  static async open(path: string, experiment: string): Promise<ResultsFolder> {
    const folder = new ResultsFolder(path, experiment);
    const [scores, items, curves, samples, pairs] = await Promise.all(
      RECORDED_FILES.map((file) => readTextIfThere(`${path}/${file}`)),
    );
    if (scores !== undefined) folder.scores = parseScores(scores, `${path}/scores.csv`);
    if (items !== undefined) folder.items = parseItems(items, `${path}/items.csv`);
    if (curves !== undefined) folder.curves = parseCurves(curves, `${path}/curves.csv`);
    const remedy = "restore the file (git checkout) or remove it";
    if (samples !== undefined) folder.samples = parseLines(samples, `${path}/samples.jsonl`, remedy);
    if (pairs !== undefined) folder.pairs = parseLines(pairs, `${path}/${PAIRS_FILE}`, remedy);
    folder.judged = await readJudged(path);
    return folder;
  }

  /** Addresses of all cells that have scores. @param tasks of the experiment, if it has any */
  cellAddresses(tasks: readonly string[] | undefined): string[] {
    return [...new Set(this.scores.map((row) => addressOfRow({ ...row, task: taskOf(row, tasks) })))];
  }

  /** Puts a cell's results in place of any that were there, rounded as the files hold them, so that these are all there is. */
  put(cell: CellKey, result: CellResult): void {
    const { method, seed, task } = cell;
    const key = { experiment: this.experiment, method, seed };
    const ofTask = task === undefined ? {} : { task };
    const scores = result.scores.map(({ items: _, statistics: __, ...score }) => ({ ...key, ...score }));
    const wrong = scores.find((row) => !isScoreOf(cell, row));
    if (wrong) throw new RangeError(`Cannot keep a score on ${wrong.dataset}: the cell is of ${task}`);
    const items = result.scores.flatMap(({ dataset, metric, decoding, items, statistics = {} }) =>
      Object.entries({ ...(items ? { [metric]: items } : {}), ...statistics }).map(([name, values]) => (
        { ...key, dataset, metric: name, decoding, values }
      ))
    );
    const curves = result.curves.map((row) => ({ ...key, ...ofTask, ...row }));
    this.#keep((row) => !isRowOf(cell, row), (row) => !isScoreOf(cell, row));
    this.scores = [...this.scores, ...parseScores(formatScores(scores), "scores.csv")];
    this.items = [...this.items, ...parseItems(formatItems(items), "items.csv")];
    this.curves = [...this.curves, ...parseCurves(formatCurves(curves), "curves.csv")];
    const keyed = <Row>(rows: readonly Row[]) => rows.map((row) => ({ method, ...ofTask, seed, ...row }));
    this.samples = [...this.samples, ...keyed(result.samples)].sort(byCell);
    this.pairs = [...this.pairs, ...keyed(result.pairs ?? [])].sort(byCell);
  }

  /** A cell's results as they are recorded, to be put under another name. */
  resultOf(cell: CellKey): CellResult {
    const items = this.items.filter((row) => isScoreOf(cell, row));
    const pairs = this.pairs.filter((row) => isRowOf(cell, row));
    const scores = this.scores.filter((row) => isScoreOf(cell, row)).map((
      { dataset, metric, value, count, decoding },
    ): CellScore => {
      const own = items.filter((row) => row.dataset === dataset);
      const statistics = own.filter((row) => row.metric.startsWith(`${metric}.`));
      return {
        // Left out where there is none: the digest of a cell's rows is of what its files hold, in old ones as in new ones.
        ...{ dataset, metric, value, count, decoding },
        items: own.find((row) => row.metric === metric)?.values,
        statistics: statistics.length === 0
          ? undefined
          : Object.fromEntries(statistics.map((row) => [row.metric, row.values])),
      };
    });
    return {
      scores,
      curves: this.curves.filter((row) => isRowOf(cell, row))
        .map(({ step, measure, value }) => ({ step, measure, value })),
      samples: this.samples.filter((row) => isRowOf(cell, row)).map(withoutKey),
      // Left out where there are none, as in results of before there were pairs.
      ...(pairs.length === 0 ? {} : { pairs: pairs.map(withoutKey) }),
    };
  }

  /** Drops the rows of all other cells. @param tasks of the experiment, if it has any */
  keepCells(addresses: ReadonlySet<string>, tasks: readonly string[] | undefined): void {
    this.#keep(
      (row) => addresses.has(addressOfRow(row)),
      (row) => addresses.has(addressOfRow({ ...row, task: taskOf(row, tasks) })),
    );
  }

  /**
   * Writes everything that is known of the cells, the provenance last: a stop in between leaves rows of cells that it does not know,
   * which are missing, never a cell that it knows without its rows.
   */
  async write(): Promise<void> {
    const texts = {
      "items.csv": formatItems(this.items),
      "curves.csv": formatCurves(this.curves),
      "samples.jsonl": this.samples.map((row) => `${JSON.stringify(row)}\n`).join(""),
      [PAIRS_FILE]: this.pairs.map((row) => `${visibleJson(row)}\n`).join(""),
      "scores.csv": formatScores(this.scores),
    };
    const isThere = (name: keyof typeof texts) => name !== PAIRS_FILE || this.pairs.length > 0;
    for (const [name, text] of Object.entries(texts)) {
      if (isThere(name as keyof typeof texts)) await writeIfChanged(`${this.path}/${name}`, text);
      else await removeIfThere(`${this.path}/${name}`);
    }
    const files = Object.fromEntries(RECORDED_FILES.filter(isThere).map((name) => [name, digestOf(texts[name])]));
    await this.writeProvenance({ ...this.provenance, files });
  }

  async writeProvenance(provenance: Provenance): Promise<void> {
    this.provenance = provenance;
    await writeIfChanged(`${this.path}/${PROVENANCE_FILE}`, formatProvenance(provenance));
  }

  /** Writes tables and figures, removes those of an earlier report that are not among them, and records what they were made from. */
  async writeReport(files: Readonly<Record<string, string>>, stamp: string): Promise<void> {
    for (const { name } of [...Deno.readDirSync(this.path)]) {
      const isReport = REPORT_FILE.test(name) && !(RECORDED_FILES as readonly string[]).includes(name);
      if (isReport && !Object.hasOwn(files, name)) await removeIfThere(`${this.path}/${name}`);
    }
    for (const [name, text] of Object.entries(files)) await writeIfChanged(`${this.path}/${name}`, text);
    const digests = Object.fromEntries(Object.entries(files).map(([name, text]) => [name, digestOf(text)]));
    await this.writeProvenance({ ...this.provenance, report: { stamp, files: digests } });
  }

  #keep(
    isKept: (row: CellKey) => boolean,
    isScoreKept: (row: CellKey & { readonly dataset: string }) => boolean,
  ): void {
    this.scores = this.scores.filter(isScoreKept);
    this.items = this.items.filter(isScoreKept);
    this.curves = this.curves.filter(isKept);
    this.samples = this.samples.filter(isKept);
    this.pairs = this.pairs.filter(isKept);
  }
}

/** The order of rows of cells, in which those of one cell stay as they are. */
function byCell(a: CellKey, b: CellKey): number {
  return compareKeys([a.method, a.task ?? "", a.seed], [b.method, b.task ?? "", b.seed]);
}

function withoutKey<Row extends CellKey>({ method: _, task: __, seed: ___, ...row }: Row): Omit<Row, keyof CellKey> {
  return row;
}

/** The task that a score is of, by its data set. */
function taskOf({ dataset }: { readonly dataset: string }, tasks: readonly string[] | undefined): string | undefined {
  return tasks?.find((task) => dataset === task || dataset.startsWith(`${task}/`));
}

/** As `addressOf` names the cell that a row belongs to. */
function addressOfRow({ method, task, seed }: CellKey): string {
  return [method, ...(task === undefined ? [] : [task]), seed].join("/");
}

function isRowOf({ method, seed, task }: CellKey, row: CellKey): boolean {
  return row.method === method && row.seed === seed && row.task === task;
}

function isScoreOf({ method, seed, task }: CellKey, row: CellKey & { readonly dataset: string }): boolean {
  const isOfTask = task === undefined || row.dataset === task || row.dataset.startsWith(`${task}/`);
  return row.method === method && row.seed === seed && isOfTask;
}
