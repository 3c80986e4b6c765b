import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { PLAIN, TASKS } from "./test_experiment.ts";
import type { RecordedResults } from "#lib/bench/experiment.ts";
import { testProfile } from "#lib/bench/test_profile.ts";
import { experimentsOf } from "#lib/bench/trial.ts";

const profile = await testProfile();
const EXPERIMENTS = [PLAIN, TASKS];
const trialOf = (experiments: string[], methods: string[]) => ({ ...profile, trial: { experiments, methods } });

Deno.test("a profile has all experiments, and a trial those that it names with the methods that it names", () => {
  assertEquals(experimentsOf(EXPERIMENTS, profile), EXPERIMENTS);
  const trial = experimentsOf([{ ...PLAIN, onlyWhenNamed: true }, TASKS], trialOf(["plain"], ["kd"]));
  assertEquals(trial.map(({ name, methods }) => [name, methods.map(({ name }) => name)]), [["plain", ["kd"]]]);
  // What it names runs without being named once more.
  assertEquals(trial[0].onlyWhenNamed, false);
});

Deno.test("the report of a trial is of its methods", () => {
  const reported: RecordedResults[] = [];
  const experiment = {
    ...PLAIN,
    report: (results: RecordedResults) => (reported.push(results), { tables: {}, figures: {} }),
  };
  const [trial] = experimentsOf([experiment], trialOf(["plain"], ["sft"]));
  trial.report({ profile: "p", display: {}, scores: [], items: [], curves: [], settings: [] });
  assertEquals(reported.map(({ methods, profile }) => [profile, methods]), [["p", ["sft"]]]);
});

Deno.test("a trial that names what there is not is refused with the likeliest", () => {
  for (
    const [trial, message] of [
      [trialOf(["plian"], ["sft"]), 'unknown experiment "plian"; did you mean "plain"?'],
      [trialOf(["plain"], ["sfft"]), 'unknown method "sfft"; did you mean "sft"?'],
    ] as const
  ) assertThrows(() => experimentsOf(EXPERIMENTS, trial), InputError, message);
});
