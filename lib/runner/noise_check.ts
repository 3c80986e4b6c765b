/** Compares what a run computed with what is recorded: of another adapter, beside which it lies, or of the code before, which it replaces. */
import { judgeNoise, type NoiseVerdict } from "#lib/statistics/noise_verdict.ts";
import type { ScoreRow } from "#lib/results/scores_csv.ts";
import type { ChosenPlace } from "./adapter_place.ts";
import { addressOf, cellKeyOf } from "./cell.ts";
import { type Change, changesOfCell, type Present } from "./freshness.ts";
import { openKnown, readKnown } from "./known_results.ts";
import type { ResultsPlace } from "#lib/results/place.ts";
import type { ExperimentPlan, PlannedCell } from "./plan.ts";
import { recordAt } from "#lib/results/provenance.ts";

/** What a run was about to do. */
export interface PlannedRun {
  readonly plans: readonly ExperimentPlan[];
  readonly place: ChosenPlace;
  readonly present: Present;
}

/** What is recorded of the cells of a run, as it was before that. */
export class NoiseCheck {
  readonly #run: PlannedRun;
  /** All that is recorded of the experiments: it tells how much runs vary. */
  readonly #recorded: readonly ScoreRow[];
  /** Cells that were computed from the same settings and data. */
  readonly #cells: ReadonlyMap<ExperimentPlan, readonly PlannedCell[]>;

  private constructor(
    run: PlannedRun,
    recorded: readonly ScoreRow[],
    cells: ReadonlyMap<ExperimentPlan, readonly PlannedCell[]>,
  ) {
    [this.#run, this.#recorded, this.#cells] = [run, recorded, cells];
  }

  /** Reads what a run will be compared with, before it begins. */
  static async before(run: PlannedRun): Promise<NoiseCheck> {
    const { place, plans, present } = run;
    const recorded: ScoreRow[] = [];
    const cells = new Map<ExperimentPlan, readonly PlannedCell[]>();
    for (const plan of plans) {
      const known = place.recorded ? await readKnown(place.recorded, plan.experiment) : plan.known;
      const comparable = plan.cells.filter((planned) => {
        if (!place.recorded && planned.state !== "stale") return false;
        const record = recordAt(known.provenance, planned.address);
        return record !== undefined && areOfMachineOrCode(changesOfCell(record, planned.cell, present));
      });
      if (comparable.length === 0) continue;
      cells.set(plan, comparable);
      recorded.push(...(await openKnown(place.recorded ?? place, plan.experiment, known)).scores);
    }
    return new NoiseCheck(run, recorded, cells);
  }

  /** Whether the run's results lie beside the recorded ones. */
  get isBeside(): boolean {
    return this.#run.place.recorded !== undefined;
  }

  /** Where the recorded results are. */
  get against(): ResultsPlace {
    return this.#run.place.recorded ?? this.#run.place;
  }

  /** Compares what is there now; undefined where nothing was computed that is recorded. */
  async verdict(): Promise<NoiseVerdict | undefined> {
    const now: ScoreRow[] = [];
    for (const [{ experiment }, planned] of this.#cells) {
      const known = await readKnown(this.#run.place, experiment);
      const folder = await openKnown(this.#run.place, experiment, known);
      for (const { cell } of planned) {
        const record = recordAt(known.provenance, addressOf(cell));
        // What was accepted is as it was recorded, and what failed is not there.
        if (!record || record.accepted || changesOfCell(record, cell, this.#run.present).length > 0) continue;
        const { method: { name: method }, seed } = cell;
        for (const score of folder.resultOf(cellKeyOf(cell)).scores) {
          now.push({ experiment: experiment.name, method, seed, ...score });
        }
      }
    }
    return now.length === 0 ? undefined : judgeNoise(this.#recorded, now);
  }
}

/** Results of other settings or data are other results, and say nothing of the noise. */
function areOfMachineOrCode(changes: readonly Change[]): boolean {
  return changes.every(({ kind }) => kind === "code" || kind === "environment");
}
