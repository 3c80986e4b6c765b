import { type Failure, readFailure } from "#lib/runner/cell_files.ts";
import { settingsDigest } from "#lib/runner/freshness.ts";
import type { ResultsPlace } from "#lib/results/place.ts";
import type { ExperimentPlan, PlannedCell } from "#lib/runner/plan.ts";
import { Reproduction } from "#lib/runner/reproduction.ts";
import { shellCommand } from "#lib/shell_command.ts";
import { defineCommand } from "./command.ts";
import { describeTotal, reasonLines } from "./plan_text.ts";
import { describePlace } from "./place_text.ts";
import { givenArguments, SHOWN_FLAGS, shownResults } from "./results_flags.ts";

export const status = defineCommand({
  name: "status",
  positional: { name: "EXPERIMENT", kind: "text", min: 0 },
  flags: SHOWN_FLAGS,
  async run({ positional, flags }, context) {
    const { place, profile, experiments, allExperiments } = await shownResults(positional, flags, context);
    const { resultsFolder, profileName } = place;
    const reproduction = await Reproduction.plan({
      ...{ resultsFolder, profileName, profile, experiments, allExperiments },
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
    if (!isDone) print(`next: ${shellCommand(["reproduce", ...positional, ...givenArguments(flags)])}`);
    return 0;
  },
});

async function describeState(
  { experiment, cells, known }: ExperimentPlan,
  place: ResultsPlace,
  { present }: Reproduction,
): Promise<string> {
  const failures: [PlannedCell, Failure][] = [];
  for (const planned of cells.filter(({ state }) => state !== "fresh")) {
    const failure = await readFailure(place, planned.cell);
    // One with other settings or data says nothing of the present ones.
    if (failure?.settings === settingsDigest(planned.cell, present)) failures.push([planned, failure]);
  }
  const failed = new Set(failures.map(([planned]) => planned));
  const others = cells.filter((planned) => !failed.has(planned));
  const of = (state: PlannedCell["state"]) => others.filter((planned) => planned.state === state);
  const vouchedFor = of("fresh").filter(({ address }) => known.provenance.cells[address].accepted?.noise).length;
  const done = `${of("fresh").length} done${vouchedFor > 0 ? ` (${vouchedFor} accepted within the noise)` : ""}`;
  return [
    `${experiment.name}: ${done}, ${failed.size} failed, ${of("stale").length} stale, ${of("missing").length} missing`,
    ...failures.map(([{ address }, { message, command }]) => `  ${address}: failed: ${message}\n    again: ${command}`),
    ...reasonLines([...of("stale"), ...of("missing")]),
  ].join("\n");
}
