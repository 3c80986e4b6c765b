import { assertAlmostEquals, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { type ExaminerOptions, keyFrom } from "#lib/endpoint/examiner.ts";
import { Judge, openJudge } from "./judge.ts";
import { JUDGE, JUDGE_SCHEMA } from "./settings.ts";
import { grading, type Handler, saying, section, TestEndpoint } from "#lib/endpoint/test_endpoint.ts";

const KEY = "sk-very-secret-0123456789";

/** Items whose responses and references name their own grades, so that a judge can be played. */
const item = (number: number, response: number, reference: number) => ({
  instruction: `Do the thing of number ${number}.`,
  input: "",
  reference: `deserves ${reference}`,
  response: `deserves ${response}`,
});
const ITEMS = [item(0, 5, 10), item(1, 2, 8), item(2, 9, 6), item(3, 1, 10), item(4, 4, 4), item(5, 7.5, 9)];

const fair: Handler = (request) =>
  grading(
    ...(["answer_1", "answer_2"].map((tag) => Number(/\d.*/.exec(section(request, tag)!)![0])) as [number, number]),
  );

interface Stage {
  readonly folder: string;
  readonly said: string[];
  judge(server: TestEndpoint, settings?: Record<string, unknown>, options?: Partial<ExaminerOptions>): Judge;
}

const NEVER = new AbortController().signal;

/** A test with a cache folder of its own and judges that wait no time. */
function test(name: string, fn: (stage: Stage) => Promise<void>): void {
  Deno.test(name, async () => {
    const folder = await Deno.makeTempDir();
    const said: string[] = [];
    const timing = { sleep: () => Promise.resolve(), random: () => 0, now: () => 0, after: () => NEVER };
    const judge: Stage["judge"] = ({ url }, settings, options) =>
      new Judge(JUDGE_SCHEMA.parse({ url, model: "judge-1", ...settings }), {
        cacheFolder: folder,
        timing,
        say: (message) => void said.push(message),
        answered: (done, total) => void said.push(`judge: ${done} of ${total}`),
        ...options,
      });
    try {
      await fn({ folder, said, judge });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

/** The paths of all files under a folder. */
function filesOf(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesOf(`${folder}/${name}`) : [`${folder}/${name}`]
  ).sort();
}

test("the mean of the scores is the total of the responses' grades over that of the references'", async ({ judge, said }) => {
  await using server = new TestEndpoint(fair);
  const scores = await judge(server).score(ITEMS);
  const [responses, references] = [[5, 2, 9, 1, 4, 7.5], 10 + 8 + 6 + 10 + 4 + 9];
  scores.forEach((score, i) => assertAlmostEquals(score, responses[i] * 6 / references, 1e-12));
  assertAlmostEquals(scores.reduce((sum, score) => sum + score) / 6, 28.5 / 47, 1e-12);
  assertEquals(server.requests.length, 6);
  assertEquals(said.at(-1), "judge: 6 of 6");
  assertEquals(await judge(server).score([]), []);
});

test("the response stands first for about half of the items, whatever it says", async ({ judge }) => {
  await using server = new TestEndpoint(fair);
  const items = Array.from({ length: 100 }, (_, i) => item(i, 3, 8));
  await judge(server).score(items);
  const first = (from: number) =>
    new Map(
      server.requests.slice(from).map((request) => [
        section(request, "instruction"),
        section(request, "answer_1") !== "deserves 8",
      ]),
    );
  const places = first(0);
  const count = [...places.values()].filter((isResponse) => isResponse).length;
  assertEquals(count > 35 && count < 65, true, `${count}`);
  await judge(server).score(items.map((item) => ({ ...item, response: "deserves 4" })));
  const others = first(100);
  for (const [instruction, isResponse] of places) assertEquals(others.get(instruction), isResponse);
});

test("what has been judged once is not asked again, by another judge of the same settings", async ({ judge, folder }) => {
  await using server = new TestEndpoint(fair);
  const scores = await judge(server, { parallel: 1 }).score(ITEMS);
  const files = filesOf(folder);
  assertEquals(files.length, 6);
  for (const file of files) assertMatch(file.slice(folder.length), /^\/judge\/([0-9a-f]{2})\/\1[0-9a-f]{62}\.json$/);
  assertEquals(await judge(server, { parallel: 9, retries: 0, timeoutSeconds: 1 }).score(ITEMS), scores);
  assertEquals(server.requests.length, 6);
  await judge(server, { model: "judge-2" }).score(ITEMS);
  await judge(server, { temperature: 1 }).score(ITEMS);
  await judge(server).score(ITEMS.map((item) => ({ ...item, input: "now" })));
  assertEquals(server.requests.length, 4 * 6);
});

test("a broken file of the cache is asked for again, and mended", async ({ judge, folder }) => {
  await using server = new TestEndpoint(fair);
  const scores = await judge(server).score(ITEMS);
  const files = filesOf(folder);
  const texts = await Promise.all(files.map((file) => Deno.readTextFile(file)));
  await Deno.writeTextFile(files[0], texts[0].slice(0, 100));
  await Deno.writeTextFile(files[1], "");
  await Deno.writeTextFile(files[2], texts[3]); // of another question
  await Deno.writeTextFile(files[3], texts[3].replace(/"grades": \[\s*[\d.]+/, '"grades": [ 11'));
  await Deno.writeFile(files[4], new Uint8Array([0xff, 0xfe, 0]));
  assertEquals(await judge(server).score(ITEMS), scores);
  assertEquals(server.requests.length, 6 + 5);
  assertEquals(await Promise.all(files.map((file) => Deno.readTextFile(file))), texts);
  assertEquals(filesOf(folder), files);
});

test("no more than `parallel` requests are under way at once, over all sets", async ({ judge }) => {
  for (const parallel of [1, 3]) {
    // Each replies when as many are there as may be.
    let full = Promise.withResolvers<void>();
    await using server = new TestEndpoint(async (request, number) => {
      const { promise, resolve } = full;
      if ((number + 1) % parallel === 0) {
        full = Promise.withResolvers<void>();
        resolve();
      }
      await promise;
      return await fair(request, number);
    });
    const one = judge(server, { parallel });
    const other = ITEMS.map((item) => ({ ...item, input: "other" }));
    const [scores, others] = await Promise.all([one.score(ITEMS), one.score(other)]);
    assertEquals(scores, others);
    assertEquals([server.mostAtOnce, server.requests.length], [parallel, 12]);
  }
});

test("equal items are asked once and scored alike", async ({ judge }) => {
  let grade = 1;
  await using server = new TestEndpoint(() => grading(grade++, 10));
  const scores = await judge(server).score([ITEMS[0], ITEMS[0], ITEMS[0]]);
  assertEquals([server.requests.length, new Set(scores).size], [1, 1]);
});

test("only the first `maxItems` items are judged, where that is set", async ({ judge }) => {
  await using server = new TestEndpoint(fair);
  assertEquals((await judge(server, { maxItems: 2 }).score(ITEMS)).length, 2);
  assertEquals((await judge(server, { maxItems: 99 }).score(ITEMS)).length, 6);
  assertEquals(server.requests.length, 6);
});

test("a reply without grades is asked for once more, and nothing of it is kept", async ({ judge, folder }) => {
  await using server = new TestEndpoint((request, number) =>
    number === 0 ? saying("Both are fine.") : fair(request, number)
  );
  assertAlmostEquals((await judge(server).score([ITEMS[0]]))[0], 0.5, 1e-12);
  assertEquals(server.requests.map(({ messages }) => messages.length), [2, 4]);
  assertEquals((await Deno.readTextFile(filesOf(folder)[0])).includes("fine"), false);
});

test("a reply without grades twice is an error that names the endpoint and shows how it began", async ({ judge, folder }) => {
  for (
    const [reply, shown] of [
      [() => saying("I would rather\nnot."), '"I would rather"'],
      [() => saying(null), '"{"choices":'],
      [() => new Response("\n<!doctype html>\n<p>Welcome"), '"<!doctype html>"'],
    ] as const
  ) {
    await using server = new TestEndpoint(reply);
    const { message } = await assertRejects(() => judge(server).score([ITEMS[0]]), InputError);
    const start = `judge.url ${server.url}/chat/completions: judge-1 gave no grades, twice; it said ${shown}`;
    assertEquals(message.slice(0, start.length - 1), start.slice(0, -1));
    assertEquals([message.includes("\n"), server.requests.length], [false, 2]);
  }
  assertEquals(filesOf(folder), []);
});

test("the first error ends a set, and what was judged before it is kept", async ({ judge, folder }) => {
  await using server: TestEndpoint = new TestEndpoint((request, number) =>
    number < 3 ? fair(request, number) : number === 3 ? new Response("no", { status: 401 }) : server.hang()
  );
  await assertRejects(() => judge(server, { parallel: 2 }).score(ITEMS), InputError, "401 Unauthorized");
  assertEquals(filesOf(folder).length, 3);
  assertEquals(server.requests.length <= 5, true);
  await using mended = new TestEndpoint(fair);
  assertEquals((await judge(mended).score(ITEMS)).length, 6);
});

test("a check asks once and keeps nothing, and fails as a set would", async ({ judge, folder }) => {
  await using server = new TestEndpoint((_, number) =>
    number < 2 ? grading(9, 9) : new Response(null, { status: 404 })
  );
  await judge(server).check();
  await judge(server).check();
  await assertRejects(() => judge(server).check(), InputError, "404 Not Found");
  assertEquals([server.requests.length, filesOf(folder)], [3, []]);
});

test("the key is sent, and written nowhere else: not to files, notes or errors", async ({ judge, folder, said }) => {
  const echo = `you sent ${KEY}`;
  await using server = new TestEndpoint((request, number) => {
    assertEquals(request.authorization, `Bearer ${KEY}`);
    if (number === 0) return new Response(echo, { status: 500 });
    if (number === 1) return saying(echo);
    return number < 8 ? fair(request, number) : number === 8 ? new Response(echo, { status: 401 }) : saying(echo);
  });
  const one = judge(server, { parallel: 1 }, { key: KEY });
  await one.score(ITEMS);
  const errors = [
    await assertRejects(() => one.check(), InputError, "[JUDGE_API_KEY]"),
    await assertRejects(() => one.check(), InputError, "[JUDGE_API_KEY]"),
  ];
  assertEquals(said.some((message) => message.includes("[JUDGE_API_KEY]")), true);
  const texts = await Promise.all(filesOf(folder).map((file) => Deno.readTextFile(file)));
  assertEquals(texts.length, 6);
  const written = [
    ...texts,
    ...filesOf(folder),
    ...said,
    ...errors.map(({ stack }) => stack),
    Deno.inspect(one, { depth: 9 }),
  ];
  for (const text of written) assertEquals(text?.includes(KEY), false, text);
  assertEquals(JSON.stringify(one).includes(KEY), false);
});

test("a cache that cannot be read or written is an error that names the file", async ({ judge, folder }) => {
  await Deno.writeTextFile(`${folder}/judge`, "a file where a folder should be");
  await using server = new TestEndpoint(fair);
  const { message } = await assertRejects(() => judge(server).score([ITEMS[0]]), InputError);
  assertMatch(message, /\/judge\/[0-9a-f]{2}\/[0-9a-f]{64}\.json: the judge's grades cannot be read: [^\n]+$/);
});

Deno.test("a key is trimmed, and none where there is nothing; one that cannot be sent is an error that does not show it", () => {
  assertEquals([undefined, "", " \n", ` ${KEY}\n`].map((value) => keyFrom(value, JUDGE)), [
    undefined,
    undefined,
    undefined,
    KEY,
  ]);
  for (const wrong of [`${KEY} x`, `${KEY}\nx`, `${KEY}é`]) {
    const { message } = assertThrows(
      () => keyFrom(wrong, JUDGE),
      InputError,
      "JUDGE_API_KEY holds a blank or a letter",
    );
    assertEquals(message.includes(KEY), false);
  }
});

test("settings with an address open a judge that may reach its host; without one there is none", async ({ folder }) => {
  assertEquals(await openJudge(JUDGE_SCHEMA.parse({ url: "" }), { cacheFolder: folder }), undefined);
  await using server = new TestEndpoint(fair);
  const settings = JUDGE_SCHEMA.parse({ url: server.url, model: "judge-1" });
  const opened = await openJudge(settings, { cacheFolder: folder });
  assertAlmostEquals((await opened!.score([ITEMS[0]]))[0], 0.5, 1e-12);
});
