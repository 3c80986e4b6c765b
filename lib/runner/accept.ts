/**
 * Keeps recorded results that nothing but changed code has made stale. Of every method and task the first of the stale seeds is computed
 * again, and its rows take the place of the recorded ones. Where they are the same to the byte, or, if that is asked for, agree within the
 * noise (`lib/statistics/noise_verdict.ts`), the method's other seeds stay as they are recorded, and their records say which cell vouches
 * for them. What they are made of, kernels by name among it, is then what that cell is made of now. Otherwise they are left stale.
 *
 * Samples are computed as all cells are: side by side, and what several experiments run once. Each group is written as soon as it is
 * decided: a stop loses the cell in progress, which has its checkpoint, and the same command resumes with what is still stale.
 */
import { judgeNoise, type NoiseVerdict } from "#lib/statistics/noise_verdict.ts";
import { type Accepted, recordAt, withRecord } from "#lib/results/provenance.ts";
import type { ResultsFolder } from "#lib/results/results_folder.ts";
import type { ScoreRow } from "#lib/results/scores_csv.ts";
import { addressOf, type Cell, cellKeyOf, makingOf } from "./cell.ts";
import { hashOf, type Present } from "./freshness.ts";
import { rowsDigest } from "./known_results.ts";
import type { ExperimentPlan, PlannedCell } from "./plan.ts";
import type { CellRunner } from "./run_cells.ts";

/** How alike the sample must come out. */
export type AcceptMode = "equal" | "noise";

/** What accepting is to know of the run. */
export interface Acceptance {
  readonly mode: AcceptMode;
  readonly present: Present;
  /** The commit that vouches. */
  readonly commit: string;
  note(message: string): void;
}

/** Stale cells of a method and task, of which one vouches for the others: as a plan of that one alone. */
export interface SampleGroup extends ExperimentPlan {
  readonly sample: PlannedCell;
  readonly others: readonly PlannedCell[];
}

/** Of cells that nothing but code has made stale: those of a method and task that have the same changes, where there are several. */
export function sampleGroups(plans: readonly ExperimentPlan[]): SampleGroup[] {
  return plans.flatMap((plan) => {
    const candidates = plan.cells.filter(({ state, changes }) =>
      state === "stale" && changes.every(({ kind }) => kind === "code")
    );
    const groups = Map.groupBy(
      candidates,
      ({ cell: { method, task }, changes }) => JSON.stringify([method.name, task, changes.map(({ text }) => text)]),
    );
    return [...groups.values()].filter(({ length }) => length > 1).map((group) => {
      const [sample, ...others] = group.toSorted((a, b) => a.cell.seed - b.cell.seed);
      return { ...plan, cells: [sample], sample, others };
    });
  });
}

/** Computes the samples and decides about the others of their groups. */
export async function acceptStale(
  groups: readonly SampleGroup[],
  runner: Pick<CellRunner, "run" | "folderOf" | "record" | "failed">,
  acceptance: Acceptance,
): Promise<void> {
  const before = new Map<SampleGroup, Recorded>();
  for (const group of groups) {
    const folder = await runner.folderOf(group.experiment);
    before.set(group, { scores: folder.scores, rows: rowsDigest(folder, group.sample.address) });
  }
  const plans = await Promise.all(groups.map((group) => withoutVouched(group, runner)));
  await runner.run(plans, async (plan) => {
    const group = groups[plans.indexOf(plan as SampleGroup)];
    const { sample, others, experiment } = group;
    const folder = await runner.folderOf(experiment);
    const failure = runner.failed.find(({ cell }) => cell === sample.cell);
    const { text, accepted } = failure
      ? { text: `fails now (${failure.error.message})` }
      : compare(sample, before.get(group)!, folder, acceptance);
    if (accepted) {
      await runner.record(folder, () => others.forEach(({ cell }) => keep(cell, sample, accepted, folder, acceptance)));
    }
    const names = others.map(({ address }) => address).join(", ");
    acceptance.note(
      `${experiment.name}: ${sample.address} ${text}; ${accepted ? "accepted" : "not accepted"}: ${names}`,
    );
  });
}

/** What was recorded before the sample was computed. */
interface Recorded {
  /** Of all cells: they tell how much runs vary. */
  readonly scores: readonly ScoreRow[];
  /** The digest of the sample's rows. */
  readonly rows: string;
}

/** A sample is taken from another experiment's cell only where that has the numbers of now, and is not itself kept within the noise. */
async function withoutVouched(group: SampleGroup, runner: Pick<CellRunner, "folderOf">): Promise<SampleGroup> {
  const { sample, sample: { sameAs } } = group;
  if (sameAs === undefined) return group;
  const record = recordAt((await runner.folderOf(sameAs.experiment)).provenance, addressOf(sameAs));
  return record?.accepted?.noise === undefined ? group : { ...group, cells: [{ ...sample, sameAs: undefined }] };
}

/** How the sample has come out, in words, and what to record of the others where it vouches for them. */
function compare(
  { cell, address }: PlannedCell,
  before: Recorded,
  folder: ResultsFolder,
  { mode, commit }: Acceptance,
): { readonly text: string; readonly accepted?: Accepted } {
  const accepted = { commit, checked: [address] };
  if (rowsDigest(folder, address) === before.rows) return { text: "comes out the same", accepted };
  if (mode === "equal") return { text: "comes out otherwise now" };
  const { experiment: { name: experiment }, method: { name: method }, seed } = cell;
  const now = folder.resultOf(cellKeyOf(cell)).scores.map((score) => ({ ...score, experiment, method, seed }));
  const verdict = judgeNoise(before.scores, now);
  const text = describeVerdict(verdict);
  return agrees(verdict) ? { text, accepted: { ...accepted, noise: noiseOf(verdict) } } : { text };
}

/** Nothing differs, and there is something to go by. */
function agrees({ rows, unrecorded }: NoiseVerdict): boolean {
  return rows.length > 0 && unrecorded === 0 &&
    rows.every(({ verdict }) => verdict === "equal" || verdict === "within");
}

function noiseOf({ rows }: NoiseVerdict): Accepted["noise"] {
  const deviations = rows.map(({ deviations }) => deviations ?? 0).filter(Number.isFinite);
  return {
    rows: rows.length,
    equal: rows.filter(({ verdict }) => verdict === "equal").length,
    largest: Math.round(100 * Math.max(0, ...deviations)) / 100,
  };
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
function keep(
  cell: Cell,
  sample: PlannedCell,
  accepted: Accepted,
  folder: ResultsFolder,
  { present }: Acceptance,
): void {
  const [record, vouching] = [addressOf(cell), sample.address].map((each) => recordAt(folder.provenance, each)!);
  const { run, settings, numerics } = makingOf(cell, present.profile);
  const { kernels, data, environment } = vouching;
  const basis = { run, settings, numerics, kernels, data, environment };
  const [own, alike] = [cell, sample.cell].map((each) => folder.resultOf(cellKeyOf(each)));
  const decodings = new Map(alike.scores.map(({ dataset, decoding }) => [dataset, decoding]));
  // Older files do not say how responses were found; the sample's are found by the same settings.
  const scores = own.scores.map((score) => ({ ...score, decoding: decodings.get(score.dataset) ?? score.decoding }));
  folder.put(cellKeyOf(cell), { ...own, scores });
  // Numbers that are an earlier version's remain that.
  const noise = accepted.noise ?? record.accepted?.noise;
  folder.provenance = withRecord(folder.provenance, addressOf(cell), {
    ...{ ...record, rows: rowsDigest(folder, addressOf(cell)) },
    ...{ ...basis, hash: hashOf(basis), accepted: noise ? { ...accepted, noise } : accepted },
  });
}
