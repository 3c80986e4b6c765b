/**
 * Keeps recorded results after a change of code that changes digits and no more, as another order of summation does: of every method and
 * task the first of the seeds that the change made stale is computed again, and its rows take the place of the recorded ones; where they
 * agree with those within the noise (`lib/statistics/noise_verdict.ts`), the method's other seeds stay as they are recorded, and their
 * records say which cell vouches for them. What a cell is made of, kernels by name among it, is then what that cell is made of now.
 *
 * What several experiments run is computed once. Each group of cells is written as soon as it is decided: a stop loses the cell in
 * progress, which has its checkpoint, and the same command resumes with what is still stale.
 */
import { judgeNoise, type NoiseVerdict } from "#lib/statistics/noise_verdict.ts";
import type { ScoreRow } from "#lib/results/scores_csv.ts";
import { addressOf, type Cell, cellKeyOf, fullAddressOf, runNameOf } from "./cell.ts";
import type { CellComputer } from "./compute_cell.ts";
import { basisOf, computedOf, hashOf, modulesOf, type Present, presentFor, usesOf } from "./freshness.ts";
import { rowsDigest } from "./known_results.ts";
import type { ExperimentPlan, PlannedCell } from "./plan.ts";
import { recordAt, withRecord } from "#lib/results/provenance.ts";
import type { ResultsFolder } from "#lib/results/results_folder.ts";
import { type CellObserver, type CellRunner, endsTheRun } from "./run_cells.ts";
import { sideBySide } from "./side_by_side.ts";

/** What computes and records cells. */
export type NoiseRunner = Pick<CellRunner, "folderOf" | "compute" | "put" | "record">;

/** The stale cells of a method and task, of which one vouches for the others. */
export interface NoiseGroup {
  readonly plan: ExperimentPlan;
  readonly sample: PlannedCell;
  readonly others: readonly PlannedCell[];
}

/** What accepting is to know of the run. */
export interface NoiseAcceptance {
  readonly present: Present;
  /** The commit that vouches. */
  readonly commit: string;
  readonly observer: CellObserver;
  /** What computes the samples. */
  readonly computer: Pick<CellComputer, "width" | "abandon">;
  /** Forgets the checkpoint and the last failure of a cell that is recorded now. */
  forget(cell: Cell): Promise<void>;
  note(message: string): void;
}

/** Of cells that nothing but code has made stale: the first seed of each method and task, and its others; not where there are none. */
export function noiseGroups(plans: readonly ExperimentPlan[]): NoiseGroup[] {
  return plans.flatMap((plan) => {
    const candidates = plan.cells.filter(({ state, changes }) =>
      state === "stale" && changes.every(({ kind }) => kind === "code")
    );
    const groups = Map.groupBy(candidates, ({ cell: { method, task } }) => JSON.stringify([method.name, task]));
    return [...groups.values()].filter(({ length }) => length > 1).map((group) => {
      const [sample, ...others] = group.toSorted((a, b) => a.cell.seed - b.cell.seed);
      return { plan, sample, others };
    });
  });
}

/** Decides groups, as many at once as are computed at once; those whose samples are one run one after the other. */
export async function acceptWithinNoise(
  groups: readonly NoiseGroup[],
  runner: NoiseRunner,
  acceptance: NoiseAcceptance,
): Promise<void> {
  const runs = Map.groupBy(groups, ({ sample }) => runNameOf(sample.cell, acceptance.present.profile));
  const waiting = [...runs.values()];
  await sideBySide(acceptance.computer, () => waiting.shift(), async (same) => {
    let source: Cell | undefined;
    for (const group of same) {
      source ??= await vouchingCell(group.sample, runner);
      if (await decide(group, source, runner, acceptance)) source ??= group.sample.cell;
    }
  });
}

/** Another experiment's cell that has the sample's numbers as they are now; none that is itself only accepted. */
async function vouchingCell({ sameAs }: PlannedCell, runner: NoiseRunner): Promise<Cell | undefined> {
  if (sameAs === undefined) return undefined;
  const { provenance } = await runner.folderOf(sameAs.experiment);
  const record = recordAt(provenance, addressOf(sameAs));
  return record && record.accepted?.noise === undefined ? sameAs : undefined;
}

/** Whether the sample could be computed. @param source whose numbers are taken for it */
async function decide(
  { plan, sample, others }: NoiseGroup,
  source: Cell | undefined,
  runner: NoiseRunner,
  acceptance: NoiseAcceptance,
): Promise<boolean> {
  const folder = await runner.folderOf(plan.experiment);
  const { cell, address } = sample;
  const say = (text: string) => acceptance.note(`${plan.experiment.name}: ${text}`);
  const names = others.map((other) => other.address).join(", ");
  acceptance.observer.begin(cell);
  try {
    const { put, ownMs } = source ? await taken(cell, source, runner, acceptance) : await computed(cell, runner);
    await runner.record(folder, () => {
      const recorded = folder.scores;
      put(folder);
      const verdict = judgeNoise(recorded, scoresOf(cell, folder));
      const isAccepted = agrees(verdict);
      if (isAccepted) { for (const other of others) accept(other.cell, sample, verdict, folder, acceptance); }
      say(`${address} ${describeVerdict(verdict)}; ${isAccepted ? "accepted" : "not accepted"}: ${names}`);
    });
    await acceptance.forget(cell);
    acceptance.observer.end(cell, source ? "taken" : "run", ownMs);
    return true;
  } catch (error) {
    if (endsTheRun(error)) throw error;
    acceptance.observer.end(cell, "failed");
    say(`${address} fails now (${(error as Error).message}); not accepted: ${names}`);
    return false;
  }
}

/** How a cell's rows are put into its folder, and what they took to compute, if they were. */
interface Made {
  readonly put: (folder: ResultsFolder) => void;
  readonly ownMs?: number;
}

async function computed(cell: Cell, runner: NoiseRunner): Promise<Made> {
  const computation = await runner.compute(cell);
  return { put: (folder) => runner.put(cell, computation, folder), ownMs: computation.ownMs };
}

async function taken(cell: Cell, source: Cell, runner: NoiseRunner, { present }: NoiseAcceptance): Promise<Made> {
  const from = await runner.folderOf(source.experiment);
  const record = recordAt(from.provenance, addressOf(source))!;
  const basis = { ...record, ...computedOf(cell, present.profile) };
  const takenFrom = record.takenFrom ?? fullAddressOf(source);
  const put = (folder: ResultsFolder) => {
    folder.put(cellKeyOf(cell), from.resultOf(cellKeyOf(source)));
    const rows = rowsDigest(folder, addressOf(cell));
    folder.provenance = withRecord(folder.provenance, addressOf(cell), {
      ...basis,
      ...{ hash: hashOf(basis), takenFrom, rows },
    });
  };
  return { put };
}

/** The scores of a cell as they are recorded. */
function scoresOf(cell: Cell, folder: ResultsFolder): ScoreRow[] {
  const { experiment: { name: experiment }, method: { name: method }, seed } = cell;
  return folder.resultOf(cellKeyOf(cell)).scores.map(({ dataset, metric, value, count }) => ({
    experiment,
    method,
    seed,
    dataset,
    metric,
    value,
    count,
  }));
}

/** Nothing differs, and there is something to go by. */
function agrees({ rows, unrecorded }: NoiseVerdict): boolean {
  return rows.length > 0 && unrecorded === 0 &&
    rows.every(({ verdict }) => verdict === "equal" || verdict === "within");
}

function describeVerdict({ rows, unrecorded }: NoiseVerdict): string {
  const count = (verdict: string) => rows.filter((row) => row.verdict === verdict).length;
  return [
    `comes out with ${count("equal")} of ${rows.length} rows equal`,
    `${count("within")} within the noise`,
    `${count("differs")} beyond it`,
    ...(count("untellable") > 0 ? [`${count("untellable")} that cannot be judged`] : []),
    ...(unrecorded > 0 ? [`${unrecorded} that are not recorded`] : []),
  ].join(", ");
}

/** Records a cell as of the code of now, with the rows that it has. */
function accept(
  cell: Cell,
  sample: PlannedCell,
  { rows }: NoiseVerdict,
  folder: ResultsFolder,
  { present, commit }: NoiseAcceptance,
): void {
  const record = recordAt(folder.provenance, addressOf(cell))!;
  const uses = usesOf(recordAt(folder.provenance, sample.address)!);
  const basis = basisOf(computedOf(cell, present.profile), modulesOf(cell), uses, presentFor(cell, present));
  const deviations = rows.map(({ deviations }) => deviations ?? 0).filter(Number.isFinite);
  const noise = {
    rows: rows.length,
    equal: rows.filter(({ verdict }) => verdict === "equal").length,
    largest: Math.round(100 * Math.max(0, ...deviations)) / 100,
  };
  const accepted = { commit, checked: [sample.address], noise };
  folder.provenance = withRecord(folder.provenance, addressOf(cell), {
    ...record,
    ...basis,
    hash: hashOf(basis),
    accepted,
  });
}
