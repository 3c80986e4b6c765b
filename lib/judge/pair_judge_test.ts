import { assert, assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { COMPARING, pairComparison } from "./pair_comparison.ts";
import { openPairJudge, PairJudge } from "./pair_judge.ts";
import { JUDGE_SCHEMA } from "./settings.ts";
import { type Handler, saying, section, TestEndpoint } from "#lib/endpoint/test_endpoint.ts";

const NEVER = new AbortController().signal;
/** A judge that waits no time. */
function judgeOf({ url }: TestEndpoint, folder: string, settings: Record<string, unknown> = {}): PairJudge {
  const timing = { sleep: () => Promise.resolve(), random: () => 0, now: () => 0, after: () => NEVER };
  const parsed = JUDGE_SCHEMA.parse({ url, model: "judge-1", ...settings });
  return new PairJudge(parsed, { cacheFolder: folder, timing });
}

/** A text that names its own worth, so that a judge can be played. */
const pair = (number: number, first: number, second: number) => ({
  prompt: `Do the thing of number ${number}.`,
  texts: [`deserves ${first}`, `deserves ${second}`] as const,
});
const worth = (text: string | undefined) => Number(/\d+/.exec(text!)![0]);
const fair: Handler = (request) => {
  const [first, second] = ["first", "second"].map((tag) => worth(section(request, tag)));
  return saying(JSON.stringify({ better: first > second ? "first" : first < second ? "second" : "tie" }));
};

Deno.test("the judge is shown the instruction and both texts in the order given, and told the three replies", () => {
  const [{ content: system }, { content: user }] = pairComparison("Add.", ["six", "5"]);
  for (const verdict of ["first", "second", "tie"]) assertStringIncludes(system, `{"better": "${verdict}"}`);
  assertEquals(
    user,
    "<instruction>\nAdd.\n</instruction>\n<first>\nsix\n</first>\n<second>\n5\n</second>",
  );
});

Deno.test("a verdict is read from the JSON asked for, thoughts before it and a fence around it apart, and from nothing else", () => {
  for (const verdict of ["first", "second", "tie"] as const) {
    const json = JSON.stringify({ better: verdict });
    for (const reply of [json, ` ${json}\n`, `\`\`\`json\n${json}\n\`\`\``, `<think>first?</think>\n${json}`]) {
      assertEquals(COMPARING.parse(reply), verdict, reply);
    }
  }
  const others = [
    "",
    "first",
    '{"better": "First"}',
    '{"better": 1}',
    '{"better": "first", "why": "long"}',
    "[]",
    "{}",
  ];
  for (const reply of [...others, '{"better": "both"}', 'I say {"better": "tie"}', undefined]) {
    assertEquals(COMPARING.parse(reply), undefined, reply);
  }
});

testInFolder("a verdict is of the pair's own order, whichever text the judge is shown first", async (folder) => {
  await using server = new TestEndpoint(fair);
  const pairs = Array.from({ length: 60 }, (_, i) => pair(i, i % 3, 1));
  const judge = judgeOf(server, folder);
  const expected = pairs.map(({ texts }) => {
    const [first, second] = texts.map(worth);
    return first > second ? "first" : first < second ? "second" : "tie";
  });
  assertEquals(await judge.verdicts(pairs), expected);
  // Equal texts of one pair are the same in either order; of the others about half are turned round.
  const different = server.requests.filter((request) => section(request, "first") !== section(request, "second"));
  const turned = different.filter((request) => section(request, "first") === "deserves 1").length;
  assertEquals(different.length, 40);
  assert(turned > 10 && turned < 30, `${turned} of 40 are turned round`);
});

testInFolder(
  "a pair the other way round is not asked again and gets the opposite verdict, as does one of another run",
  async (folder) => {
    await using server = new TestEndpoint(fair);
    const [one, other] = [pair(1, 3, 8), pair(1, 8, 3)];
    assertEquals(await judgeOf(server, folder).verdicts([one]), ["second"]);
    assertEquals(await judgeOf(server, folder).verdicts([one, other]), ["second", "first"]);
    assertEquals(server.requests.length, 1);
    const [name] = [...Deno.readDirSync(`${folder}/judge`)].map(({ name }) => name);
    const [file] = [...Deno.readDirSync(`${folder}/judge/${name}`)].map(({ name }) => name);
    const kept = JSON.parse(await Deno.readTextFile(`${folder}/judge/${name}/${file}`));
    assertEquals(Object.keys(kept), ["question", "verdict"]);
    // A file that somebody changed is asked for again.
    await Deno.writeTextFile(`${folder}/judge/${name}/${file}`, JSON.stringify({ ...kept, verdict: "neither" }));
    assertEquals(await judgeOf(server, folder).verdicts([one]), ["second"]);
    assertEquals(server.requests.length, 2);
  },
);

testInFolder("only the first `maxItems` pairs are judged, `parallel` at once", async (folder) => {
  await using server = new TestEndpoint(fair);
  const pairs = [pair(1, 1, 2), pair(2, 2, 1), pair(3, 4, 4)];
  assertEquals(await judgeOf(server, folder, { maxItems: 2, parallel: 1 }).verdicts(pairs), ["second", "first"]);
  assertEquals([server.requests.length, server.mostAtOnce], [2, 1]);
});

testInFolder(
  "a judge that answers nonsense is asked once more, then an error shows what it said; the verdicts so far are kept",
  async (folder) => {
    await using server = new TestEndpoint((request, number) =>
      number === 0 ? fair(request, 0) : saying("Banana!\nOr not.")
    );
    const judge = judgeOf(server, folder, { parallel: 1 });
    const pairs = [pair(1, 1, 2), pair(2, 2, 1)];
    const { message } = await assertRejects(() => judge.verdicts(pairs), InputError);
    assertEquals(
      message.replace(server.url, "URL"),
      'judge.url URL/chat/completions: judge-1 gave no verdict, twice; it said "Banana!"',
    );
    assertEquals(server.requests.map(({ messages }) => messages.length), [2, 2, 4]);
    await using mended = new TestEndpoint(fair);
    const again = new PairJudge(JUDGE_SCHEMA.parse({ url: mended.url, model: "judge-1" }), { cacheFolder: folder });
    assertEquals(await again.verdicts(pairs), ["second", "first"]);
  },
);

testInFolder("a stop ends the asking with its own reason", async (folder) => {
  const stop = new AbortController();
  await using server: TestEndpoint = new TestEndpoint((request, number) => {
    if (number === 1) stop.abort(new RangeError("enough"));
    return number === 0 ? fair(request, number) : server.hang();
  });
  const pairs = Array.from({ length: 8 }, (_, i) => pair(i, 1, 2));
  const judging = judgeOf(server, folder, { parallel: 1 }).verdicts(pairs, stop.signal);
  await assertRejects(() => judging, RangeError, "enough");
  assertEquals(server.requests.length, 2);
});

testInFolder("a check fails as pairs would, and asks once only", async (folder) => {
  await using server = new TestEndpoint((_, number) =>
    number === 0 ? new Response(null, { status: 401 }) : saying('{"better": "tie"}')
  );
  const judge = judgeOf(server, folder);
  await assertRejects(() => judge.check(), InputError, "401");
  for (let i = 0; i < 3; i++) await judge.check();
  assertEquals(server.requests.length, 2);
});

testInFolder(
  "settings without an address are an error that says how to give one; with one they open a judge",
  async (folder) => {
    const none = () => openPairJudge(JUDGE_SCHEMA.parse({}), { cacheFolder: folder });
    await assertRejects(none, InputError, "judge.url names no endpoint: say who judges pairs, as in --set judge.url=");
    await using server = new TestEndpoint(fair);
    const opened = await openPairJudge(JUDGE_SCHEMA.parse({ url: server.url, model: "m" }), { cacheFolder: folder });
    assertEquals(await opened.verdicts([pair(1, 2, 1)]), ["first"]);
    assertNotEquals(server.requests[0].messages.length, 0);
  },
);
