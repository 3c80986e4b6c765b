import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { grading, TestEndpoint } from "#lib/endpoint/test_endpoint.ts";
import { runProgram, testInFolder } from "./test_run.ts";

const SETS = ["dolly", "self_instruct", "sni", "unni", "vicuna"];
const METHOD = ["--profile", "smoke", "--seeds", "10", "--methods", "teacher", "--quiet"];

/** The settings of an endpoint, as arguments. */
const asked = (url: string, ...more: string[]) =>
  [`judge.url=${url}`, "judge.model=grader", ...more].flatMap((setting) => ["--set", setting]);

testInFolder("recorded responses are graded once, in a file and a table of their own", async (folder) => {
  await using endpoint = new TestEndpoint(() => grading(6, 8));
  const options = [...METHOD, "--results", folder];
  const path = `${folder}/smoke/instruction_following`;
  const read = (file: string) => Deno.readTextFile(`${path}/${file}`);

  // Training asks nobody, whatever the settings say, and the samples that are recorded are two of each set.
  const run = await runProgram("reproduce", "instruction_following", ...options, ...asked(endpoint.url));
  assertEquals([run.status, endpoint.requests.length], [0, 0], run.reported);
  assertEquals((await read("samples.jsonl")).trimEnd().split("\n").length, 2 * SETS.length);
  const scores = await read("scores.csv");

  const limited = asked(endpoint.url, "judge.maxItems=2");
  const judged = await runProgram("judge", "instruction_following", ...options, ...limited);
  assertEquals(judged.status, 0, judged.reported);
  assertEquals(endpoint.requests.length, 1 + 2 * SETS.length);
  assertStringIncludes(judged.printed, "the judge's grades by those of the references");
  const rows = (await read("judge.jsonl")).trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(rows.map(({ dataset, items }) => [dataset, items.length]), SETS.map((name) => [name, 2]));
  assertEquals([rows[0].method, rows[0].seed, rows[0].judge], ["teacher", 10, "grader"]);

  // Once more asks only whether the endpoint is there; with all items, only about the others.
  await runProgram("judge", "instruction_following", ...options, ...limited);
  assertEquals(endpoint.requests.length, 2 + 2 * SETS.length);
  await runProgram("judge", "instruction_following", ...options, ...asked(endpoint.url));
  const all = (await read("judge.jsonl")).trimEnd().split("\n").map((line) => JSON.parse(line).items.length);
  assertEquals(all, SETS.map(() => 20));

  assertEquals(await read("scores.csv"), scores);
  assertStringIncludes(await read("judge.md"), "the judge's grades");
  // What has been recorded is as fresh as before.
  const again = await runProgram("reproduce", "instruction_following", ...options);
  assertMatch(again.reported, /cached 1\/1\n/);
  assertStringIncludes(await read("judge.md"), "the judge's grades");
  const { printed } = await runProgram("table", "instruction_following", "--profile", "smoke", "--results", folder);
  assertStringIncludes(printed, "the judge's grades by those of the references");
});

testInFolder("a judge that is not named, refuses, or has nothing to grade ends in one line", async (folder) => {
  const options = [...METHOD, "--results", folder];
  const none = await runProgram("judge", "instruction_following", ...options);
  assertEquals(none.status, 2);
  assertMatch(
    none.reported,
    /^error: judge\.url names no endpoint: say who grades, as in \.\/run judge --set [^\n]*\n$/,
  );
  await using endpoint = new TestEndpoint(() => new Response("no such model", { status: 404 }));
  const nothing = await runProgram("judge", ...options, ...asked(endpoint.url));
  assertMatch(nothing.reported, /^error: \S+smoke: no recorded responses to judge\n$/);
  await runProgram("reproduce", "instruction_following", ...options);
  const refused = await runProgram("judge", ...options, ...asked(endpoint.url, "judge.retries=0"));
  assertEquals([refused.status, refused.reported.split("\n").length], [2, 2]);
  assertStringIncludes(refused.reported, "no such model");
  await Deno.remove(`${folder}/.state`, { recursive: true });
  const elsewhere = await runProgram("judge", ...options, ...asked(endpoint.url));
  assertEquals(elsewhere.status, 2);
  assertMatch(
    elsewhere.reported,
    /not on this machine, instruction_following\/teacher\/10 first; \.\/run reproduce \S+ --methods teacher --seeds 10 --force/,
  );
  const files = [...Deno.readDirSync(`${folder}/smoke/instruction_following`)].map(({ name }) => name);
  assert(!files.some((file) => file.startsWith("judge")), files.join());
});
