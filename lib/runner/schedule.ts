import type { Profile } from "#lib/bench/profile.ts";
import { runNameOf } from "./cell.ts";
import { cellsToRun, type ExperimentPlan, type PlannedCell } from "./plan.ts";

/** A cell of a plan. */
export interface ScheduledCell extends PlannedCell {
  readonly plan: ExperimentPlan;
}

/** Cells that are one run: the first is computed, the others are given its numbers. */
export interface Turn {
  readonly cells: readonly ScheduledCell[];
  /** Whether it waits for shared things that another process is making. */
  readonly waits: boolean;
  /** What it shares with other runs, by name. */
  readonly shares: string;
}

/**
 * Which cell is begun next. Of cells that are one run the first of the plan is computed, whoever is faster. One at a time they come in
 * the plan's order. Of several at once those come first that share least with those begun, so that a teacher and the first students
 * of several seeds are trained side by side; one that would have to wait for such a thing is put back, until all others have begun.
 */
export class Schedule {
  readonly #width: number;
  #turns: readonly Turn[];
  /** How many turns have begun, by what they share. */
  readonly #begun = new Map<string, number>();

  /** @param width how many cells are computed at once */
  constructor(plans: readonly ExperimentPlan[], profile: Profile, width: number) {
    this.#width = width;
    const cells = plans.flatMap((plan) => cellsToRun(plan).map((planned): ScheduledCell => ({ ...planned, plan })));
    const runs = Map.groupBy(cells, ({ cell }) => runNameOf(cell, profile));
    this.#turns = [...runs.values()].map((cells) => ({ cells, waits: width === 1, shares: sharesOf(cells[0]) }));
  }

  /** The turn to begin; undefined where all have begun. */
  next(): Turn | undefined {
    const { turn } = this.#turns.reduce<{ turn?: Turn; rank: number }>((best, turn) => {
      const rank = this.#rankOf(turn);
      return rank < best.rank ? { turn, rank } : best;
    }, { rank: Infinity });
    if (!turn) return undefined;
    this.#turns = this.#turns.filter((each) => each !== turn);
    this.#begun.set(turn.shares, (this.#begun.get(turn.shares) ?? 0) + 1);
    return turn;
  }

  /** A turn could not go on: what it needs is being made. */
  putBack(turn: Turn): void {
    this.#turns = [...this.#turns, { ...turn, waits: true }];
  }

  #rankOf({ waits, shares }: Turn): number {
    if (this.#width === 1) return 0;
    return waits ? Number.MAX_VALUE : this.#begun.get(shares) ?? 0;
  }
}

/** Cells of one task and seed start from the same student. */
function sharesOf({ cell: { task, seed } }: ScheduledCell): string {
  return JSON.stringify([task, seed]);
}
