import { assertEquals } from "@std/assert";
import { testProfile } from "#lib/bench/test_profile.ts";
import { addressOf, type CellChoice, cellsOf, fullAddressOf } from "./cell.ts";
import { NO_PROVENANCE } from "#lib/results/provenance.ts";
import type { ExperimentPlan } from "./plan.ts";
import { Schedule, type Turn } from "./schedule.ts";
import { PLAIN, TASKS } from "./test_experiment.ts";

const profile = await testProfile();

/** A plan in which all cells are missing. */
function planOf(experiment: typeof PLAIN, choice: CellChoice): ExperimentPlan {
  const cells = cellsOf(experiment, choice).map((cell) => (
    { cell, address: addressOf(cell), state: "missing", changes: [], isForced: false } as const
  ));
  const known = { provenance: NO_PROVENANCE, areWhole: true };
  return { experiment, path: "", known, cells, staleAddresses: [], reportIsFresh: false };
}

const namesOf = (turn: Turn | undefined) => turn?.cells.map(({ cell }) => fullAddressOf(cell));

function drain(schedule: Schedule): (readonly string[])[] {
  const names = [];
  for (let turn = schedule.next(); turn; turn = schedule.next()) names.push(namesOf(turn)!);
  return names;
}

Deno.test("one at a time cells come in the plan's order, those that are one run together", () => {
  const twin = { ...PLAIN, name: "twin", methods: PLAIN.methods.slice(1) };
  const plans = [planOf(PLAIN, { seeds: [1, 2] }), planOf(twin, { seeds: [2, 3] })];
  assertEquals(drain(new Schedule(plans, profile, 1)), [
    ["plain/sft/1"],
    ["plain/kd/1"],
    ["plain/sft/2"],
    ["plain/kd/2", "twin/kd/2"],
    ["twin/kd/3"],
  ]);
});

Deno.test("side by side those come first that share least with those begun", () => {
  assertEquals(drain(new Schedule([planOf(PLAIN, { seeds: [1, 2] })], profile, 2)).flat(), [
    "plain/sft/1",
    "plain/sft/2",
    "plain/kd/1",
    "plain/kd/2",
  ]);
  const tasks = planOf(TASKS, { seeds: [1], tasks: ["qa"] });
  assertEquals(drain(new Schedule([tasks], profile, 2)).flat(), [
    "tasks/sft/qa/small/1",
    "tasks/sft/qa/large/1",
    "tasks/kd/qa/small/1",
    "tasks/kd/qa/large/1",
  ]);
});

Deno.test("what is put back comes again when all others have begun, and then waits", () => {
  const schedule = new Schedule([planOf(PLAIN, { seeds: [1] })], profile, 2);
  const first = schedule.next()!;
  assertEquals([namesOf(first), first.waits], [["plain/sft/1"], false]);
  schedule.putBack(first);
  assertEquals(namesOf(schedule.next()), ["plain/kd/1"]);
  const again = schedule.next()!;
  assertEquals([namesOf(again), again.waits], [["plain/sft/1"], true]);
  assertEquals(schedule.next(), undefined);
});
