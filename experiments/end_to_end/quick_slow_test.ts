import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runProgram as run, testInFolder as test } from "./test_run.ts";

/** The smallest sizes: what is looked at is what runs, and where it goes. */
const SMALL = [
  ...["data.trainRecords=60", "data.itemsPerSet=5", "teacher.training.steps=3", "student.training.steps=3"],
  ...["distillation.steps=2", "distillation.teacherTexts=20", "ammd.criticWarmupSteps=1"],
  ...["evaluation.critic.steps=1", "evaluation.curvePrompts=4"],
].flatMap((setting) => ["--set", setting]);
const ROWS = ["Teacher", "SFT", "SFT continued", "GKD", "AMMD"];

test("reproduce quick computes five methods beside what is recorded, compares, and shows them at once the next time", async (folder) => {
  const at = ["--results", folder, "--quiet", ...SMALL];
  const recorded = await run("reproduce", "quick", "--record", "--seeds", "10,20", ...at);
  assertEquals(recorded.status, 0, recorded.reported);
  const rows = recorded.printed.split("\n").filter((line) => line.startsWith("| ")).map((line) =>
    line.split("|")[1].trim()
  );
  assertEquals(rows.slice(2, 2 + ROWS.length), ROWS);
  assertEquals(recorded.printed.includes("missing"), false);
  assertMatch(recorded.printed, /profile quick: ROUGE-L/);

  const first = await run("reproduce", "quick", ...at);
  assertEquals(first.status, 0, first.reported);
  assertMatch(first.reported, new RegExp(`^${folder}/quick@\\S+, of .+: beside ${folder}/quick, recorded on `));
  assertMatch(first.reported, /^instruction_following: cached 0\/5, to run 5 \(about \d+ s\)$/m);
  assertMatch(first.reported, /^cached 0\/5, ran 5$/m);
  assertMatch(
    first.printed,
    /\nagainst the recorded \S+\/quick: of (\d+) rows \1 equal, 0 within the noise, 0 differ$/,
  );

  const again = await run("reproduce", "quick", ...at);
  assertEquals([again.status, again.printed], [0, first.printed]);
  assertMatch(again.reported, /^cached 5\/5$/m);
  const forced = await run("reproduce", "quick", "--force", "--methods", "sft", ...at);
  assertMatch(forced.reported, /^cached 0\/1, ran 1$/m);

  const given = at.filter((argument) => argument !== "--quiet");
  const status = await run("status", "quick", ...given);
  assertMatch(status.printed, /^instruction_following: 5 done, 0 failed, 0 stale, 0 missing$/m);
  const table = await run("table", "quick", ...given);
  assertStringIncludes(first.printed, table.printed);
});

test("a profile's name stands for --profile, and there is one of them", async (folder) => {
  for (
    const [args, message] of [
      [["quick", "--profile", "tiny"], "tiny and quick are two profiles: a command is about one"],
      [["quick", "distances"], 'unknown experiment "distances"; known are instruction_following'],
      [["quik"], 'unknown experiment "quik"'],
      [["quick", "--methods", "abkd"], 'unknown method "abkd"'],
    ] as const
  ) {
    const { status, reported } = await run("reproduce", ...args, "--dry-run", "--results", folder);
    assertEquals([status, reported.split("\n").length], [2, 2]);
    assertStringIncludes(reported, message);
  }
  const plan = await run("reproduce", "smoke", "imitation_gap", "--dry-run", "--results", folder);
  assertMatch(plan.printed, /^imitation_gap: cached 0\/\d+, to run \d+/m);
});
