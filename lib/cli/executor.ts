import { Interrupted } from "#lib/errors.ts";
import { askNode } from "#lib/cluster/ask_node.ts";
import { followJobs } from "#lib/cluster/follow.ts";
import { gridFolder, readGrids } from "#lib/cluster/grid.ts";
import { gridCells } from "#lib/cluster/grid_state.ts";
import { type Submission, submitGrid, type SubmitOptions } from "#lib/cluster/submit.ts";
import { fullAddressOf } from "#lib/runner/cell.ts";
import { readFailure } from "#lib/runner/cell_files.ts";
import { collectKept } from "#lib/runner/collect.ts";
import { settingsDigest } from "#lib/runner/freshness.ts";
import { cellsToRun } from "#lib/runner/plan.ts";
import { Reproduction, type ReproductionOptions } from "#lib/runner/reproduction.ts";
import type { CommandContext, ExitStatus } from "./command.ts";
import { describePlace } from "./place_text.ts";
import { describeTotal } from "./plan_text.ts";
import { ProgressLine } from "./progress_line.ts";

/** Missing cells that are told one by one. */
const SHOWN_MISSING = 20;

/** What `reproduce` was told of the cluster. */
export interface ExecutorOptions extends Omit<SubmitOptions, "reproduction" | "adapter" | "project"> {
  readonly quiet: boolean;
}

/**
 * Submits what is missing, follows it until it has ended, and shows the tables. Ctrl-C leaves the jobs where they are.
 *
 * @param options of a plan on this machine, whose adapter nobody asks
 */
export async function runOnSlurm(
  options: ReproductionOptions,
  executor: ExecutorOptions,
  { terminal, program }: CommandContext,
): Promise<ExitStatus> {
  const project = decodeURIComponent(new URL("../", program).pathname).replace(/\/$/, "");
  const { stop, resultsFolder } = options;
  const say = (message: string) => terminal.report(`${message}\n`);
  const { adapter } = await askNode({ resultsFolder, slurmArgs: executor.slurmArgs, project, stop, say });
  const anyAdapter = !executor.sameAdapter;
  const submission = await submitGrid({ ...executor, reproduction: { ...options, anyAdapter }, adapter, project });
  const { reproduction: { place }, jobs } = submission;
  say(describePlace({ ...place, adapter }));
  say(describeSubmission(submission, resultsFolder));
  const line = new ProgressLine({ terminal, quiet: executor.quiet });
  try {
    await followJobs(
      jobs,
      stop,
      ({ queued, running }) => line.update(() => `${queued} tasks queued, ${running} running`),
    );
  } catch (error) {
    line.end();
    if (!(error instanceof Interrupted)) throw error;
    say("the jobs go on: ./run status shows how far they are, ./run cancel ends them");
    throw error;
  }
  line.end();
  // What the job that makes tables has not recorded, as when it was cancelled.
  return await collect({ ...options, profileName: place.profileName, keepsRecorded: false, anyAdapter }, terminal);
}

/** Records what tasks have computed; shows the tables of what is there, and what is missing and why. */
export async function collect(options: ReproductionOptions, terminal: CommandContext["terminal"]): Promise<ExitStatus> {
  const grids = await readGrids(options.resultsFolder);
  const adapter = grids.findLast(({ profileName }) => profileName === options.profileName)?.adapter;
  for (const table of (await collectKept(options, adapter)).tables) terminal.print(table);
  const { place, present, plans } = await Reproduction.plan(options, adapter);
  const missing = plans.flatMap(cellsToRun).map(({ cell }) => cell);
  const total = plans.reduce((sum, { cells }) => sum + cells.length, 0);
  const states = await gridCells(missing, place, grids);
  const stateOf = new Map(states.map((state) => [state.cell, state]));
  for (const cell of missing.slice(0, SHOWN_MISSING)) {
    const failure = await readFailure(place, cell);
    const state = stateOf.get(cell);
    const isOfNow = failure?.settings === settingsDigest(cell, present);
    const why = isOfNow ? `failed: ${failure.message}` : state?.text ?? "never submitted";
    terminal.report(`missing: ${fullAddressOf(cell)}: ${why}${state ? `\n  log: ${state.log}` : ""}\n`);
  }
  if (missing.length > SHOWN_MISSING) terminal.report(`… and ${missing.length - SHOWN_MISSING} more are missing\n`);
  terminal.report(`recorded ${total - missing.length}/${total}\n`);
  return missing.length > 0 ? 1 : 0;
}

function describeSubmission({ grid, earlier, jobs, reproduction }: Submission, resultsFolder: string): string {
  const queued = earlier === 0 ? "" : `${earlier} ${earlier === 1 ? "cell is" : "cells are"} under way already; `;
  if (!grid) {
    const total = describeTotal(reproduction.plans, reproduction);
    return jobs.length > 0 ? `${queued}nothing else is missing` : `${total}; nothing to submit`;
  }
  const cells = grid.jobs.reduce((sum, { tasks }) => sum + tasks.flat().length, 0);
  const names = grid.jobs.map(({ name, id }) => `${name} ${id}`).join(", ");
  return `${queued}submitted ${cells} cells as jobs ${names}; scripts in ${gridFolder(resultsFolder, grid.name)}/`;
}
