import { assertEquals } from "@std/assert";
import { assertSurvives } from "./test_kills.ts";
import { runProgram, testInFolder } from "./test_run.ts";

// Of each kind of work a little; all of it, killed more often, is in smoke_slow_test.ts.
const EXPERIMENTS = ["instruction_following", "imitation_gap"];
const METHODS = ["sft", "gkd", "distillm", "minillm", "ammd_sft", "distance_1"];
const ARGS = [
  ...["reproduce", ...EXPERIMENTS, "--profile", "smoke", "--seeds", "10", "--methods", METHODS.join(), "--quiet"],
];

testInFolder(
  "killed at 3 random moments, a run goes on each time, and its files are those of one without a stop",
  async (folder) => {
    assertEquals((await runProgram(...ARGS, "--results", folder)).status, 0);
    await assertSurvives({ args: ARGS, kills: 3, meanChanges: 200, experiments: EXPERIMENTS }, folder);
  },
);
