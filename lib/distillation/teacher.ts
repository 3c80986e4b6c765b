import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { identityOf, nameOf, type StartingModel } from "./starting_model.ts";

/** Texts of a teacher on prompts of the training data. */
export interface WrittenTexts {
  /** In the order of their file. */
  readonly texts: readonly Trajectory[];
  /** Its texts on prompts that are scored on, by the index of the item. */
  readonly heldOut: ReadonlyMap<number, readonly string[]>;
  /** Of the ids that are learned, and of the held-out texts. */
  readonly digest: string;
  /** For provenance: the file with its digest, and what became of its texts. */
  readonly description: Readonly<Record<string, unknown>>;
  /** A sentence for each reason for which texts are left out or cut, or prompts have none. */
  readonly notes: readonly string[];
}

/** A teacher of which nothing is known but what it writes. */
export interface TextTeacher {
  /** As in `the texts in teacher.jsonl`, or what its endpoint calls the model. */
  readonly name: string;
  /** What decides which texts there are, before anybody has asked for them. */
  readonly identity: string;
  /** Undefined until its endpoint has been asked. */
  readonly written: WrittenTexts | undefined;
}

/** Whom a student learns from. */
export type Teacher = StartingModel | TextTeacher;

/** Whether there is a model of it that can be asked for probabilities. */
export function isModel(teacher: Teacher): teacher is StartingModel {
  return "config" in teacher;
}

/** The model that it is, if it is one. */
export function modelOf(teacher: Teacher): StartingModel | undefined {
  return isModel(teacher) ? teacher : undefined;
}

/** @throws {RangeError} if its endpoint has not been asked yet */
export function writtenBy({ name, written }: TextTeacher): WrittenTexts {
  if (written === undefined) throw new RangeError(`Cannot learn from the texts of ${name}: it has not been asked`);
  return written;
}

/** What decides what students learn from it: its values, or its texts. */
export function identityOfTeacher(teacher: Teacher): string {
  return isModel(teacher) ? identityOf(teacher) : `texts ${writtenBy(teacher).digest}`;
}

/** Its name where nobody is to see where it lies. */
export function nameOfTeacher(teacher: Teacher): string {
  return isModel(teacher) ? nameOf(teacher) : teacher.name;
}
