import { assert, assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { runProgram as run, testInFolder as test } from "./test_run.ts";
import { CELLS, FILES, read, SMALL, TABLE } from "./test_small_run.ts";

test("reproduce writes the same bytes twice, and again when all is there; other bytes for another seed", async (folder) => {
  const [first, second, other] = ["first", "second", "other"].map((name) => `${folder}/${name}`);
  const seeds = ["--seeds", "10,20"];
  const { status, printed } = await run(...SMALL, ...seeds, "--results", first);
  assertEquals(status, 0);
  assertMatch(printed, /\| AMMD \+ SFT +\|/);
  const contents = await Promise.all(FILES.map((file) => read(first, file)));
  assertEquals((await run(...SMALL, ...seeds, "--results", second)).status, 0);
  for (const [i, file] of FILES.entries()) assertEquals(await read(second, file), contents[i], file);

  assertEquals((await run(...SMALL, "--seeds", "11", "--results", other)).status, 0);
  const values = async (at: string) => (await read(at, "scores.csv")).split("\n").map((line) => line.split(",")[5]);
  assertNotEquals(await values(first), await values(other));

  // What was computed and what is read back are the same numbers.
  const again = await run(...SMALL, ...seeds, "--results", first);
  assertStringIncludes(again.reported, "cached 4/4\n");
  assertEquals(again.printed, printed);
  for (const [i, file] of FILES.entries()) assertEquals(await read(first, file), contents[i], file);
  const shown = await run("table", "instruction_following", "--profile", "smoke", "--results", first);
  assertEquals(shown.printed, printed);
});

test("reproduce adds what is missing, runs again what is stale, and leaves the rest", async (folder) => {
  const at = ["--seeds", "10", "--results", folder];
  await run(...TABLE, "--methods", "teacher,sft", "--quiet", ...at);
  const plan = await run(...TABLE, "--methods", "teacher,sft,kd", "--dry-run", ...at);
  assertMatch(plan.printed, /cached 2\/3, to run 1 \(about \d+ s\)\n {2}kd\/10: missing\n/);

  const before = await read(folder, "scores.csv");
  const longer = ["--set", "student.training.steps=3"];
  const changed = await run(...TABLE, "--methods", "sft", ...longer, "--quiet", ...at);
  assertStringIncludes(changed.reported, "sft/10: stale: student.training.steps 10 → 3");
  const rowsOf = (scores: string, method: string) => scores.split("\n").filter((line) => line.includes(`,${method},`));
  const after = await read(folder, "scores.csv");
  assertEquals(rowsOf(after, "teacher"), rowsOf(before, "teacher"));
  assertNotEquals(rowsOf(after, "sft"), rowsOf(before, "sft"));

  // Cells of other settings must not stand beside these unsaid.
  const others = await run(...TABLE, "--methods", "teacher", "--set", "teacher.training.steps=3", "--quiet", ...at);
  assertStringIncludes(
    others.printed,
    "Not comparable with the others, since their code, settings, data or device have changed: sft/10.",
  );
  assertStringIncludes(
    (await run("status", "instruction_following", "--profile", "smoke", "--results", folder)).printed,
    "stale",
  );

  const forced = await run(...TABLE, "--methods", "sft", "--force", "--quiet", ...at);
  assertStringIncludes(forced.reported, "cached 0/1, ran 1\n");
  assertEquals(rowsOf(await read(folder, "scores.csv"), "sft"), rowsOf(before, "sft"));
});

test("a loss that is no number fails its cell, which keeps its log and how to run it again; the others are kept", async (folder) => {
  const wild = ["--set", "distillation.learningRate=1e30", "--seeds", "10", "--results", folder];
  const { status, reported } = await run(...TABLE, "--methods", "teacher,sft_continued,kd,seqkd", ...wild);
  assertEquals(status, 1);
  assertMatch(
    reported,
    /^failed: instruction_following\/sft_continued\/10: sft_continued, seed 10: (loss|grad_norm) is (NaN|-?Infinity) at step \d+/m,
  );
  const again =
    `./run reproduce instruction_following --methods kd --seeds 10 --profile smoke --set distillation.learningRate=1e30 --results ${folder}`;
  assertStringIncludes(reported, `\n  again: ${again}\n`);
  assertStringIncludes(reported, "cached 0/4, ran 1, failed 3\n");
  const scores = await read(folder, "scores.csv");
  assert(scores.includes("teacher") && !scores.includes("sft_continued"));

  const asked = ["status", "instruction_following", "--profile", "smoke", "--results", folder];
  const state = await run(...asked, ...wild.slice(0, 2));
  const counts = `1 done, 3 failed, 0 stale, ${CELLS - 4} missing`;
  assertStringIncludes(state.printed, `instruction_following: ${counts}\n  sft_continued/10: failed: `);
  assertStringIncludes(state.printed, `again: ${again}`);
  const shown = await run("show", "instruction_following/kd/10", "--profile", "smoke", "--results", folder);
  assertMatch(shown.printed, /^Failure\n {2}kd, seed 10: /m);
  assertMatch(shown.printed, /^ +\d\.\d s {2}ended: NonFiniteError/m);

  const stopped = await run(...TABLE, "--methods", "sft_continued,kd,seqkd", ...wild, "--fail-fast");
  assertStringIncludes(stopped.reported, "failed 1\n");
  // Of other settings it says nothing; and mended, it is as if it had never failed.
  assertStringIncludes((await run(...asked)).printed, "1 done, 0 failed");
  assertEquals((await run(...TABLE, "--methods", "kd", ...wild.slice(2))).status, 0);
  assertStringIncludes((await run(...asked, ...wild.slice(0, 2))).printed, "1 done, 2 failed, 1 stale");
});

test("a task whose data cannot be used fails its cells, and the others go on; where all fail so it is wrong usage", async (folder) => {
  const tasks = [
    "reproduce",
    "task_specific",
    "--profile",
    "smoke",
    "--methods",
    "sft",
    "--seeds",
    "10",
    "--results",
    folder,
    "--tasks",
  ];
  const short = ["--set", "taskSpecific.iwslt.maxSourceTokens=2"];
  const some = await run(...tasks, "iwslt/base,strategyqa/base", ...short);
  assertEquals(some.status, 1);
  assertMatch(
    some.reported,
    /^failed: task_specific\/sft\/iwslt\/base\/10: iwslt, train: no source has at most 2 tokens; raise /m,
  );
  assertStringIncludes(some.reported, "cached 0/2, ran 1, failed 1\n");
  const all = await run(...tasks, "iwslt/base", ...short);
  assertEquals(all.status, 2);
  assertMatch(all.reported, /\nerror: iwslt, train: no source has at most 2 tokens; [^\n]+\n$/);
});

test("show tells what a cell was made of, and refuses a cell that there is not by what would be right", async (folder) => {
  await run(...TABLE, "--methods", "sft", "--seeds", "10", "--quiet", "--results", folder);
  const { status, printed } = await run(
    "show",
    "instruction_following/sft/10",
    "--profile",
    "smoke",
    "--results",
    folder,
  );
  assertEquals(status, 0);
  for (
    const line of [
      /^instruction_following\/sft\/10: done$/m,
      /^ {2}commit {4}[0-9a-f]{40}/m,
      /^ {2}student.training.learningRate = 0.005$/m,
      /^ {2}loss +[▁-█]+ {2}\d\.\d+ to \d\.\d+$/m,
      /^ {2}dolly +ROUGE-L +\d+\.\d {2}\(20\)$/m,
      /^ +\d\.\d s {2}sft, seed 10: step 10 of 10, loss \d/m,
      /^again: \.\/run reproduce instruction_following --methods sft --seeds 10 --profile smoke --results \S+ --force$/m,
    ]
  ) assertMatch(printed, line);
  for (
    const [cell, hint] of [
      ["sft", "write EXPERIMENT/METHOD/SEED"],
      ["instruction_folowing/sft/10", 'did you mean "instruction_following"?'],
      ["instruction_following/stf/10", 'did you mean "sft"?'],
      ["instruction_following/sft/ten", 'the seed is "ten"'],
      ["task_specific/sft/10", "lacks a task"],
      ["task_specific/sft/samsun/base/10", 'did you mean "samsum/base"?'],
    ]
  ) {
    const wrong = await run("show", cell, "--results", folder);
    assertEquals([wrong.status, wrong.reported.split("\n").length], [2, 2]);
    assertStringIncludes(wrong.reported, hint);
  }
});
