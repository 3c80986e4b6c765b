import type { Profile } from "#lib/bench/profile.ts";
import type { SharedThing } from "#lib/results/provenance.ts";
import { type Cell, runNameOf } from "#lib/runner/cell.ts";

/** Cells that may be computed at once, on as many nodes as there are. */
export interface Stage {
  /** As in `students-llama`. */
  readonly name: string;
  /** The stage that is to end first, if any. */
  readonly after?: string;
  /** The cells of each task, which computes them one after the other. */
  readonly tasks: readonly (readonly Cell[])[];
}

export interface StageOptions {
  readonly profile: Profile;
  /** Cells of a task; those that others wait for have one of their own. */
  readonly perTask: number;
  /** Whether a shared thing is there from before: then nobody waits for who would make it. */
  isThere(thing: SharedThing): boolean;
}

/**
 * The order in which a cluster computes cells: of those that start from one teacher, one goes first, and trains it; then one of every
 * student that is fine-tuned on the data; then all others. So nodes do not wait for one another. What each still lacks it makes itself:
 * the order saves time, and no result depends on it.
 *
 * @param cells each run once, in the plan's order
 */
export function stagesOf(cells: readonly Cell[], options: StageOptions): Stage[] {
  const { profile, perTask } = options;
  const alone = cells.filter(({ method }) => method.definition === undefined);
  const sharing = cells.filter(({ method }) => method.definition !== undefined);
  const corpora = Map.groupBy(sharing, (cell) => corpusOf(ownerOf(cell, profile)));
  const stages = [
    { name: "cells", tasks: inParts(alone, perTask) },
    ...[...corpora].flatMap(([corpus, own]) => stagesOfCorpus(corpus, own, options)),
  ];
  return stages.filter(({ tasks }) => tasks.length > 0);
}

function stagesOfCorpus(corpus: string, cells: readonly Cell[], { profile, perTask, isThere }: StageOptions): Stage[] {
  const teacher = isThere({ owner: corpus, what: "teacher" }) ? [] : cells.slice(0, 1);
  const left = cells.slice(teacher.length);
  // Where the first cell has a student, it has trained that as well.
  const known = new Set(teacher.filter(hasStudent).map((cell) => studentOf(cell, profile)));
  const students = left.filter(hasStudent).filter((cell) => {
    const [name, owner] = [studentOf(cell, profile), ownerOf(cell, profile)];
    const isFirst = !known.has(name) && !isThere({ owner, what: "sft", seed: cell.seed });
    if (isFirst) known.add(name);
    return isFirst;
  });
  const others = left.filter((cell) => !students.includes(cell));
  const before = [
    { name: `teacher-${corpus}`, tasks: inParts(teacher, 1) },
    { name: `students-${corpus}`, tasks: inParts(students, 1) },
    { name: `cells-${corpus}`, tasks: inParts(others, perTask) },
  ].filter(({ tasks }) => tasks.length > 0);
  return before.map((stage, i) => ({ ...stage, after: before[i - 1]?.name }));
}

/** Whether it asks for a student that is fine-tuned on the data, which the teacher's own row does not. */
function hasStudent({ method }: Cell): boolean {
  return method.definition?.reads.includes("student") ?? false;
}

/** What a cell is trained for, as in `llama` or `samsum/base`: its run's name begins with it. */
function ownerOf(cell: Cell, profile: Profile): string {
  return runNameOf(cell, profile).split(": ")[0];
}

/** The part of it that has one teacher. */
function corpusOf(owner: string): string {
  return owner.split("/")[0];
}

function studentOf(cell: Cell, profile: Profile): string {
  return `${ownerOf(cell, profile)} ${cell.seed}`;
}

function inParts<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
