import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { saying, section, type SeenRequest, TestEndpoint } from "#lib/endpoint/test_endpoint.ts";
import { runProgram, testInFolder } from "./test_run.ts";

const CELL = [
  "preference_black_box",
  "--profile",
  "smoke",
  "--seeds",
  "10",
  "--methods",
  "dpo",
  "--quiet",
  "--set",
  "data.itemsPerSet=4",
];

/** Prefers the shorter text, as a judge that a person may have. */
function briefer(request: SeenRequest): Response {
  const [first, second] = ["first", "second"].map((place) => section(request, place)!.length);
  return saying(JSON.stringify({ better: first < second ? "first" : first > second ? "second" : "tie" }));
}

const asked = (url: string) =>
  [`judge.url=${url}`, "judge.model=grader", "judge.parallel=1", "preferences.oracle=judge"]
    .flatMap((setting) => ["--set", setting]);

const GOOD = { prompt: "name a pet.", first: "a cat", second: "a word", label: 1 };
const json = (...values: readonly unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join("");

testInFolder("pairs that a judge labels are kept where a person reads them, and are read back", async (folder) => {
  // The probe and five pairs are judged, then nonsense is said.
  let breaksAt = 6;
  await using endpoint = new TestEndpoint((request, number) =>
    number < breaksAt ? briefer(request) : saying("Both are lovely.")
  );
  const path = `${folder}/smoke/preference_black_box`;
  const run = (...more: readonly string[]) => runProgram("reproduce", ...CELL, "--results", folder, ...more);
  const pairsNow = () => Deno.readTextFile(`${path}/pairs.jsonl`);

  const broken = await run(...asked(endpoint.url));
  assertEquals(broken.status, 2, broken.reported);
  assertMatch(
    broken.reported.trimEnd().split("\n").at(-1)!,
    /^error: judge\.url \S+: grader gave no verdict, twice; it said "Both are lovely\."$/,
  );
  assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), [".state"]);
  // What was judged is kept: only the others are asked about.
  breaksAt = Infinity;
  const judged = await run(...asked(endpoint.url));
  assertEquals(judged.status, 0, judged.reported);
  const text = await pairsNow();
  const pairs = text.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert(pairs.length > 12 && pairs.length <= 24, `${pairs.length}`);
  assertEquals(Object.keys(pairs[0]), ["method", "seed", "prompt", "first", "second", "label", "oracle", "round"]);
  for (const { method, seed, first, second, label, oracle, round } of pairs) {
    assertEquals([method, seed, oracle, round], ["dpo", 10, "judge", 1]);
    assertEquals(label, first.length === second.length ? 0.5 : Number(first.length < second.length));
  }
  const distinct = new Set(pairs.map(({ prompt, first, second }) => [prompt, ...[first, second].sort()].join("\n")));
  // Two requests were about the pair of the nonsense.
  assertEquals(endpoint.requests.length, 1 + distinct.size + 2);

  const { printed } = await runProgram("show", "preference_black_box/dpo/10", ...CELL.slice(1, 3), "--results", folder);
  assertStringIncludes(
    printed,
    `Preference pairs (${pairs.length} recorded, the first of each round)\n  round 1, judge: `,
  );

  // Read back they are the pairs of another run, which asks nobody; what is odd about them stands below the table.
  const own = `{"method":"dpo","seed":10,${JSON.stringify({ ...GOOD, oracle: "given", round: 0 }).slice(1)}\n`;
  await Deno.writeTextFile(`${folder}/mine.jsonl`, text + json(GOOD));
  const back = await run("--preferences", `${folder}/mine.jsonl`);
  assertMatch(back.reported, /ran 1\n$/);
  const again = await pairsNow();
  assertEquals([again.endsWith(own), endpoint.requests.length], [true, 1 + distinct.size + 2]);
  // A text that was sampled in other pieces than it is read in may pass the limit of tokens, and is cut there.
  again.slice(0, -own.length).trimEnd().split("\n").forEach((line, n) => {
    const { first, second, ...others } = JSON.parse(line);
    const { first: firstBefore, second: secondBefore, ...othersBefore } = pairs[n];
    assertEquals(others, othersBefore);
    assert(firstBefore.startsWith(first) && secondBefore.startsWith(second), line);
  });
  const note = `preferences: 1 of ${
    pairs.length + 1
  } prompts are not among those of the training data, first "name a pet.".`;
  const { data } = JSON.parse(await Deno.readTextFile(`${path}/provenance.json`));
  assertEquals([data.preferences.source, data.preferences.pairs], [`${folder}/mine.jsonl`, pairs.length + 1]);
  assert(data.preferences.notes.includes(note), data.preferences.notes.join());
  assertStringIncludes(await Deno.readTextFile(`${path}/table.md`), `Data: ${note}`);

  // A margin of qualities needs an answer of the data to measure against, which the prompts of the training data have.
  const margins = CELL.map((word) => word === "dpo" ? "plad_margin" : word);
  const withMargins = (file: string) =>
    runProgram("reproduce", ...margins, "--results", folder, "--preferences", `${folder}/${file}`);
  assertEquals(
    (await withMargins("mine.jsonl")).reported.trimEnd().split("\n").at(-1),
    `error: ${folder}/mine.jsonl: pair ${
      pairs.length + 1
    }: plad_margin measures texts against the data's answers, and the training data has none to its prompt`,
  );
  await Deno.writeTextFile(`${folder}/known.jsonl`, text);
  const measured = await withMargins("known.jsonl");
  assertEquals(measured.status, 0, measured.reported);
});

testInFolder("bad pairs are refused in one line with file and line, before anything is computed", async (folder) => {
  const { first: _, ...lacking } = GOOD;
  const cases: [name: string, content: string | Uint8Array, message: string][] = [
    ["missing.jsonl", json(GOOD, lacking), ', line 2: "first" is missing but must be a text'],
    ["label.jsonl", json(GOOD, { ...GOOD, label: 2 }), ', line 2: "label" is 2 but must be a number from 0'],
    ["empty.jsonl", json({ ...GOOD, second: "" }), ', line 1: "second" is empty but must be a text'],
    ["same.jsonl", json({ ...GOOD, second: GOOD.first }), ', line 1: "first" and "second" are the same text'],
    [
      "latin.jsonl",
      Uint8Array.of(...new TextEncoder().encode(json(GOOD)), 0xfc),
      ", line 2, byte 1: 0xfc is not UTF-8",
    ],
    ["wrong.jsonl", `${json(GOOD)}\n{"prompt": `, ", line 3: it is no JSON object on one line"],
    ["none.jsonl", "\n", ": it has no pairs; expected prompt, first, second, label, oracle, round, or prompt, chosen"],
    [
      "ties.jsonl",
      json({ ...GOOD, label: 0.5 }),
      ": every pair is a tie (label 0.5), from which nothing can be learned",
    ],
    ["wrong.csv", "prompt,first,second,label\na,b,c,2\n", ', line 2: "label" is 2 but must be a number from 0'],
  ];
  for (const [name, content, message] of cases) {
    const path = `${folder}/${name}`;
    await Deno.writeFile(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
    const { status, reported } = await runProgram(
      "reproduce",
      ...CELL,
      "--results",
      `${folder}/r`,
      "--preferences",
      path,
    );
    assertEquals([status, reported.split("\n").length], [2, 2], reported);
    assertStringIncludes(reported, `error: ${path}${message}`);
  }
  assertEquals([...Deno.readDirSync(folder)].some(({ isDirectory }) => isDirectory), false);
  const nobody = await runProgram(
    "reproduce",
    ...CELL,
    "--results",
    `${folder}/r`,
    "--set",
    "preferences.oracle=judge",
  );
  assertMatch(nobody.reported, /^error: \S+ preferences\.oracle=judge: [^\n]*needs the address of a judge: [^\n]*\n$/);
});
