import { type Failure, readFailure } from "#lib/runner/cell_files.ts";
import { settingsDigest } from "#lib/runner/freshness.ts";
import type { ResultsPlace } from "#lib/results/place.ts";
import type { ExperimentPlan, PlannedCell } from "#lib/runner/plan.ts";
import { Reproduction } from "#lib/runner/reproduction.ts";
import { shellCommand } from "#lib/shell_command.ts";
import { defineCommand } from "./command.ts";
import { describeTotal } from "./plan_text.ts";
import { describePlace } from "./place_text.ts";
import { givenArguments, SHOWN_FLAGS, shownResults } from "./results_flags.ts";

/** Cells of one state that are named; the others are counted. */
const SHOWN_CELLS = 8;

export const status = defineCommand({
  name: "status",
  positional: { name: "EXPERIMENT", kind: "text", min: 0 },
  flags: SHOWN_FLAGS,
  async run({ positional, flags }, context) {
    const { place, profile, experiments, allExperiments } = await shownResults(positional, flags, context);
    const { resultsFolder, profileName } = place;
    const reproduction = await Reproduction.plan({
      ...{ resultsFolder, profileName, profile, experiments, allExperiments },
      seeds: profile.seeds,
      keepsRecorded: false,
      dataFolder: flags.data,
      force: false,
      asksForAdapter: false,
      failFast: false,
      checkpointSeconds: 0,
      otherArguments: [],
      stop: context.stop,
    }, place.adapter);
    const { plans } = reproduction;
    const { print } = context.terminal;
    print(describePlace(place));
    for (const plan of plans) print(await describeState(plan, place, reproduction));
    print(describeTotal(plans, reproduction));
    const isDone = plans.every(({ cells }) => cells.every(({ state }) => state === "fresh"));
    if (!isDone) {
      print(`next: ${shellCommand(["reproduce", ...positional, ...givenArguments(flags)])}`);
    }
    return 0;
  },
});

async function describeState(
  { experiment, cells, known }: ExperimentPlan,
  place: ResultsPlace,
  reproduction: Reproduction,
): Promise<string> {
  const failures = new Map(
    await Promise.all(cells.map(async (planned) => [planned, await failureOf(planned, place, reproduction)] as const)),
  );
  const isFailed = (planned: PlannedCell) => planned.state !== "fresh" && failures.get(planned) !== undefined;
  const of = (state: PlannedCell["state"]) => cells.filter((planned) => planned.state === state && !isFailed(planned));
  const failed = cells.filter(isFailed);
  const vouchedFor = of("fresh").filter(({ address }) => known.provenance.cells[address].accepted?.noise).length;
  const done = `${of("fresh").length} done${vouchedFor > 0 ? ` (${vouchedFor} accepted within the noise)` : ""}`;
  const counts = `${done}, ${failed.length} failed, ${of("stale").length} stale, ${of("missing").length} missing`;
  return [
    `${experiment.name}: ${counts}`,
    ...failed.map((planned) => {
      const { message, command } = failures.get(planned)!;
      return `  failed   ${planned.address}: ${message}\n           again: ${command}`;
    }),
    ...groupsOf(of("stale")).map(([why, names]) => `  stale    ${names}: ${why}`),
    ...groupsOf(of("missing")).map(([, names]) => `  missing  ${names}`),
  ].join("\n");
}

/** The failure of a cell's last run, if that had the same settings and data. */
async function failureOf(
  { cell }: PlannedCell,
  place: ResultsPlace,
  { present }: Reproduction,
): Promise<Failure | undefined> {
  const failure = await readFailure(place, cell);
  return failure?.settings === settingsDigest(cell, present) ? failure : undefined;
}

/** Cells by the reason that they are as they are. */
function groupsOf(cells: readonly PlannedCell[]): [why: string, names: string][] {
  const groups = Map.groupBy(
    cells,
    ({ changes: [first, ...rest] }) =>
      first === undefined ? "" : `${first.text}${rest.length > 0 ? ` and ${rest.length} more changes` : ""}`,
  );
  return [...groups].map(([why, group]) => {
    const shown = group.slice(0, SHOWN_CELLS).map(({ address }) => address).join(", ");
    return [why, group.length > SHOWN_CELLS ? `${shown} and ${group.length - SHOWN_CELLS} more` : shown];
  });
}
