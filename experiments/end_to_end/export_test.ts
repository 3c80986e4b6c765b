import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runProgram, testInFolder } from "./test_run.ts";

const CELL = "instruction_following/sft/10";

testInFolder("a cell's model is exported with its tokenizer, and what was recorded of it agrees", async (folder) => {
  const options = ["--profile", "smoke", "--quiet", "--results", `${folder}/results`];
  const [experiment, method, seed] = CELL.split("/");
  await runProgram("reproduce", experiment, "--methods", method, "--seeds", seed, ...options);
  const target = `${folder}/deep/model`;
  const { status, printed, reported } = await runProgram("export", CELL, target, ...options);
  assertEquals(status, 0, reported);
  assertStringIncludes(printed, `check it: ./run verify ${target}`);
  assertMatch(reported, /All \d+ scores equal those recorded in /);
  assertEquals([...Deno.readDirSync(target)].map(({ name }) => name).sort(), [
    ...["README.md", "config.json", "generation_config.json", "golden.json", "golden.safetensors"],
    ...["model.safetensors", "tokenizer.json", "tokenizer_config.json"],
  ]);
  const card = await Deno.readTextFile(`${target}/README.md`);
  assertMatch(
    card,
    /^---\nlibrary_name: transformers\npipeline_tag: text-generation\n---\n\n# instruction_following\/sft\/10\n/,
  );
  assertMatch(card, /\| commit \| \w+/);
  assertMatch(card, /\| Dolly \| ROUGE-L \| \d+\.\d \| 20 \|/);
  assertStringIncludes(card, '"learningRate": 0.005');

  const verified = await runProgram("verify", target);
  assertEquals(verified.status, 0, verified.printed);
  assertMatch(verified.printed, /\n7 ok, 0 failed, 3 skipped$/);

  const again = await runProgram("export", CELL, target, ...options);
  assertEquals([again.status, again.reported.split("\n").length], [2, 2]);
  assertMatch(again.reported, /model: holds \S+ already; name a folder that is empty or does not exist/);

  const changed = ["--set", "student.training.steps=9"];
  const other = await runProgram("export", CELL, `${folder}/other`, ...changed, ...options);
  assertEquals(other.status, 1);
  assertMatch(
    other.reported,
    /\d+ of \d+ scores differ from those recorded in \S+smoke: \w+ \w+ is 0\.\d{6}, recorded 0\.\d+\.\n/,
  );
  assertMatch(await Deno.readTextFile(`${folder}/other/README.md`), /^\d+ of \d+ scores differ/m);
});

testInFolder("what cannot be exported is refused in one line, and leaves no folder", async (folder) => {
  const options = ["--profile", "smoke", "--quiet", "--results", `${folder}/results`];
  await Deno.writeTextFile(`${folder}/file`, "");
  const cases: [string[], RegExp][] = [
    [["imitation_gap/distance_0/10", `${folder}/a`], /imitation_gap\/distance_0\/10: this cell trains no model\n$/],
    [["instruction_following/sfd/10", `${folder}/a`], /unknown method "sfd"; did you mean "sft"/],
    [[CELL, `${folder}/file`], /file: a file; name a folder to write to\n$/],
    [[CELL], /^error: export needs CELL DIR; /],
    [[CELL, "a", "b"], /^error: export takes CELL DIR, not "b" as well; /],
  ];
  for (const [args, message] of cases) {
    const { status, reported } = await runProgram("export", ...args, ...options);
    assertEquals(status, 2);
    assertMatch(reported, message);
  }
  assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), ["file", "results"]);
});
