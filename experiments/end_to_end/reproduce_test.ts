import { assertEquals, assertStringIncludes } from "@std/assert";
import { runProgram as run, testInFolder as test } from "./test_run.ts";
import { FILES, read, SMALL, TABLE } from "./test_small_run.ts";

test("tables and figures that are gone or edited are made again, and edited scores are computed again", async (folder) => {
  const cell = [...TABLE, "--methods", "sft", "--seeds", "10", "--quiet", "--results", folder];
  assertEquals((await run(...cell)).status, 0);
  const contents = await Promise.all(FILES.map((file) => read(folder, file).catch(() => "")));
  const path = `${folder}/smoke/instruction_following`;
  await Deno.remove(`${path}/average.svg`);
  await Deno.writeTextFile(`${path}/table.md`, "mine");
  assertStringIncludes((await run(...cell)).reported, "cached 1/1; tables and figures are rebuilt\n");
  await Deno.writeTextFile(
    `${path}/scores.csv`,
    (await read(folder, "scores.csv")).replace(/0\.\d{6},20/, "0.990000,20"),
  );
  assertStringIncludes((await run(...cell)).reported, "cached 0/1; its files are not as they were written");
  for (const [i, file] of FILES.entries()) assertEquals(await read(folder, file).catch(() => ""), contents[i], file);
});

test("flags that contradict each other, and tasks of experiments that have none, are refused in a line", async (folder) => {
  for (
    const [args, message] of [
      [["--force", "--accept"], "--force and --accept at once"],
      [["--keep-going", "--fail-fast"], "--keep-going and --fail-fast at once"],
      [["--tasks", "samsum"], "these experiments have no tasks"],
      [["--checkpoint-every", "often"], "must be a whole number"],
    ] as const
  ) {
    const { status, reported } = await run(...TABLE, ...args, "--results", folder);
    assertEquals([status, reported.split("\n").length], [2, 2]);
    assertStringIncludes(reported, message);
  }
});

test("a method that no chosen experiment has is refused with the likeliest", async (folder) => {
  const { status, reported } = await run(...TABLE, "--methods", "sft,amd", "--results", folder);
  assertEquals(status, 2);
  assertStringIncludes(reported, 'unknown method "amd"; did you mean "ammd"?');
});

test("a folder that is missing, or holds nothing to train on, is refused by name", async (folder) => {
  const missing = await run(...SMALL, "--data", `${folder}/nowhere`, "--results", folder);
  assertEquals(missing.status, 2);
  assertStringIncludes(missing.reported, `${folder}/nowhere`);
  await Deno.mkdir(`${folder}/empty`);
  const empty = await run(...SMALL, "--data", `${folder}/empty`, "--results", folder);
  assertEquals(empty.status, 2);
  assertStringIncludes(empty.reported, `${folder}/empty`);
});
