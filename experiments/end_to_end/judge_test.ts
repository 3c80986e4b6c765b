import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { grading, TestEndpoint } from "#lib/judge/test_endpoint.ts";
import { parseScores } from "#lib/results/scores_csv.ts";
import { runProgram, testInFolder } from "./test_run.ts";

const SETS = ["dolly", "self_instruct", "sni", "unni", "vicuna"];

testInFolder("an endpoint that grades gives a table of its own, and without one there is none", async (folder) => {
  await using endpoint = new TestEndpoint(() => grading(6, 8));
  const cell = [
    ...["reproduce", "instruction_following", "--profile", "smoke", "--seeds", "10", "--methods", "teacher"],
    ...["--quiet", "--results", folder],
  ];
  const judged = ["judge.url=" + endpoint.url, "judge.model=grader", "judge.maxItems=2"].flatMap((
    set,
  ) => ["--set", set]);
  const { status, printed, reported } = await runProgram(...cell, ...judged);
  assertEquals(status, 0, reported);
  assertEquals(endpoint.requests.length, 1 + 2 * SETS.length);
  assertStringIncludes(printed, "the judge's grades by those of the references");
  const written = () => Deno.readTextFile(`${folder}/smoke/instruction_following/scores.csv`);
  const grades = parseScores(await written(), "scores.csv").filter(({ metric }) => metric === "judge");
  assertEquals(grades.map(({ dataset, count }) => [dataset, count]).sort(), SETS.map((name) => [name, 2]));

  await runProgram(...cell);
  assert(!(await written()).includes("judge"));
  const files = [...Deno.readDirSync(`${folder}/smoke/instruction_following`)].map(({ name }) => name);
  assertEquals(files.filter((file) => file.startsWith("judge")), []);
});
