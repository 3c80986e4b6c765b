import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { PairJudge } from "#lib/judge/pair_judge.ts";
import { JUDGE_SCHEMA } from "#lib/judge/settings.ts";
import { saying, section, TestEndpoint } from "#lib/endpoint/test_endpoint.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { codec, PROMPTS, say } from "../test_pairs.ts";
import { judgeOracle } from "./judge.ts";
import { labelContests } from "./oracle.ts";

const contest = (prompt: number, first: string, second: string) => ({
  prompt: PROMPTS[prompt],
  texts: [say(first), say(second)] as const,
  writers: ["student", "student"] as const,
  references: [],
});
const CONTESTS = [
  contest(0, "a small pet.", "a word."),
  contest(1, "a word.", "a small pet."),
  contest(2, "cat", "pet"),
  contest(2, "a small pet.", "cat"),
];

const oracleOf = ({ url }: TestEndpoint, cacheFolder: string, settings: Record<string, unknown> = {}) =>
  judgeOracle(new PairJudge(JUDGE_SCHEMA.parse({ url, model: "m", ...settings }), { cacheFolder }), codec);
const label = (oracle: ReturnType<typeof oracleOf>) =>
  labelContests(CONTESTS, oracle, { temperature: 0, round: 1 }, new RandomStream(1, "labels"));

testInFolder("the judge sees prompt and texts as a person would, and its verdicts are the labels", async (folder) => {
  await using server = new TestEndpoint((request) => {
    const likes = ["first", "second"].find((place) => section(request, place) === "a small pet.");
    return saying(JSON.stringify({ better: likes ?? "tie" }));
  });
  const { pairs, unlabelled } = await label(oracleOf(server, folder, { parallel: 1 }));
  assertEquals([pairs.map(({ label }) => label), unlabelled], [[1, 0, 0.5, 1], 0]);
  assertEquals(pairs.map(({ oracle }) => oracle), Array(4).fill("judge"));
  assertEquals(
    server.requests.map((request) => section(request, "instruction")).sort(),
    ["name a pet.", "what is a cat?", ...Array(2).fill("write a word.\n\ncat")],
  );
  const bounded = await label(oracleOf(server, folder, { maxItems: 3 }));
  assertEquals([bounded.pairs.map(({ label }) => label), bounded.unlabelled], [[1, 0, 0.5], 1]);
  assertEquals(server.requests.length, 4);
});

testInFolder("a judge that answers nonsense is one line, and the verdicts before it are kept", async (folder) => {
  await using server = new TestEndpoint((_, number) => saying(number === 0 ? '{"better":"tie"}' : "Both are lovely."));
  const first = async () => (await label(oracleOf(server, folder, { maxItems: 1 }))).pairs.map(({ label }) => label);
  assertEquals(await first(), [0.5]);
  const { message } = await assertRejects(() => label(oracleOf(server, folder, { parallel: 1 })), InputError);
  assertStringIncludes(message, 'm gave no verdict, twice; it said "Both are lovely."');
  assertEquals([message.includes("\n"), server.requests.length], [false, 3]);
  assertEquals([await first(), server.requests.length], [[0.5], 3]);
});
