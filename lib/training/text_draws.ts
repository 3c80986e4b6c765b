import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import type { Resumable } from "./resumable.ts";

/** Where a method's texts come from; every call draws the next batch. */
export interface TextDraws {
  /** Prompts with the responses of the data. */
  data(): readonly Trajectory[];
  /** Prompts continued by the student as it is now. */
  student(): Promise<readonly Trajectory[]>;
}

/** The texts of a training step (counted from 1), drawn or written for it. */
export type NextTexts = (step: number) => readonly Trajectory[] | Promise<readonly Trajectory[]>;

/**
 * The same from something that remembers more than the position of its draws: texts of earlier steps, or how training went. What a
 * function remembers is lost where a run goes on in another process.
 */
export interface TextSource extends Resumable {
  readonly next: NextTexts;
}
