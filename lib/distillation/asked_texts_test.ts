import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { TrainingRecord } from "#lib/data/training_file.ts";
import { readTrainingFile } from "#lib/data/training_file.ts";
import { type Handler, saying, type SeenRequest, TestEndpoint } from "#lib/endpoint/test_endpoint.ts";
import { InputError } from "#lib/errors.ts";
import { isFile } from "#lib/results/storage.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { INSTRUCTION_TEMPLATE } from "#lib/tokenizers/prompt_template.ts";
import { type Asking, askTeacher } from "./asked_texts.ts";

const NEVER = new AbortController().signal;
const record = (instruction: string, input = ""): TrainingRecord => ({
  ...{ instruction, input, references: ["what the data says"] },
});
const RECORDS = ["Name a river.", "Name a tree.", "Name a star."].map((prompt) => record(prompt));
const asked = ({ messages }: SeenRequest) => messages.at(-1)!.content;
const answering: Handler = (request) => saying(`${asked(request)} Yes.`);

/** Asks a server for texts on records, waiting no time; gives the file's records, and what was said. */
async function textsOf(
  folder: string,
  { url }: TestEndpoint,
  records: readonly TrainingRecord[],
  changes: Partial<Asking["endpoint"]> & { readonly after?: () => AbortSignal; readonly prefix?: string } = {},
) {
  const { after = () => NEVER, prefix = "", ...settings } = changes;
  const said: string[] = [];
  const timing = { sleep: () => Promise.resolve(), random: () => 0, now: () => 0, after };
  const endpoint = { url, model: "big", temperature: 1, parallel: 2, retries: 2, timeoutSeconds: 9, maxItems: null };
  const path = `${folder}/texts.jsonl`;
  await askTeacher(path, {
    ...{ records, prefix, template: INSTRUCTION_TEMPLATE, endpoint: { ...endpoint, ...settings } },
  }, { cacheFolder: `${folder}/cache`, timing, say: (message) => said.push(message), stop: NEVER });
  const lines = (await Deno.readTextFile(path)).trimEnd().split("\n").map((line) => JSON.parse(line));
  return { path, lines, said };
}

testInFolder(
  "a teacher is sent prompts as a person writes them, and its texts are read as those of generate",
  async (folder) => {
    await using server = new TestEndpoint(answering);
    const talk = [{ role: "system", content: "Be brief." }, { role: "user", content: "Hello" }];
    const records = [record("Name it.", "a cat"), record("Be kind."), { ...record("<s>Be brief.<u>Hello"), talk }];
    const { path, lines } = await textsOf(folder, server, records, { prefix: "task: ", maxTokens: 40 });
    const sent = server.requests.toSorted((a, b) => (asked(a) < asked(b) ? -1 : 1));
    assertEquals(sent.map(({ messages }) => messages), [
      [{ role: "system", content: "Be brief." }, { role: "user", content: "Hello" }],
      [{ role: "user", content: "task: Be kind." }],
      [{ role: "user", content: "task: Name it.\n\na cat" }],
    ]);
    const { model, temperature, maxTokens } = server.requests[0];
    assertEquals({ model, temperature, maxTokens }, { model: "big", temperature: 1, maxTokens: 40 });
    assertEquals(lines, [
      { prompt: INSTRUCTION_TEMPLATE.render(records[0]), text: "task: Name it.\n\na cat Yes.", ended: "eos" },
      { prompt: "Be kind.", text: "task: Be kind. Yes.", ended: "eos" },
      { prompt: "<s>Be brief.<u>Hello", text: "Hello Yes.", ended: "eos" },
    ]);
    assertEquals((await readTrainingFile(path)).records[1].references, ["task: Be kind. Yes."]);
  },
);

testInFolder(
  "a text that a limit cuts has no end, thoughts are no part of it, and an empty one is left out",
  async (folder) => {
    const replies: Record<string, () => Response> = {
      "Name a river.": () => saying("The Nil", "length"),
      "Name a tree.": () => saying(null, "content_filter"),
      "Name a star.": () => saying("<think>\nA sun?\n</think>\n\nVega."),
    };
    await using server = new TestEndpoint((request) => replies[asked(request)]());
    const { path, lines } = await textsOf(folder, server, RECORDS);
    assertEquals(lines, [
      { prompt: "Name a river.", text: "The Nil", ended: "length" },
      { prompt: "Name a star.", text: "Vega.", ended: "eos" },
    ]);
    const { records } = await readTrainingFile(path);
    assertEquals(records.map(({ isUnfinished }) => isUnfinished), [true, undefined]);
  },
);

testInFolder(
  "what may go better is tried again: too many requests, a server's fault, no answer in time, nonsense",
  async (folder) => {
    const timeout = new AbortController();
    await using server: TestEndpoint = new TestEndpoint((request, number) => {
      if (number === 0) return new Response("slow down", { status: 429 });
      if (number === 1) return new Response("oh no", { status: 500 });
      if (number === 3) return new Response("<html>");
      if (number !== 5) return answering(request, number);
      setTimeout(() => timeout.abort());
      return server.hang();
    });
    let requests = 0;
    const after = () => (++requests === 6 ? timeout.signal : NEVER);
    const { lines, said } = await textsOf(folder, server, RECORDS, { parallel: 1, after });
    assertEquals(lines.map(({ text }) => text), RECORDS.map(({ instruction }) => `${instruction} Yes.`));
    assertEquals(said, [
      'teacher: 429 Too Many Requests, "slow down"; again in 1 s',
      'teacher: 500 Internal Server Error, "oh no"; again in 1 s',
      "teacher: no answer within 9 s; again in 1 s",
    ]);
    assertEquals(server.requests.length, 7);
  },
);

testInFolder("what goes no better is one line that names the flag, and the texts so far are kept", async (folder) => {
  let isUp = false;
  const failures: readonly (readonly [Handler, RegExp])[] = [
    [() => new Response("", { status: 401 }), /401 Unauthorized; set the environment variable TEACHER_API_KEY$/],
    [() => new Response("", { status: 404 }), /; is --teacher-endpoint right, and does it know --teacher-model\?$/],
    [() => new Response("", { status: 503 }), /503 Service Unavailable \(tried 3 times\)$/],
    [() => new Response("<html>"), /: big gave no text, twice; it said "<html>"$/],
    [() => saying(" \n"), /: all 3 texts of big are empty$/],
  ];
  for (const [i, [failing, message]] of failures.entries()) {
    await using server = new TestEndpoint(failing);
    const error = await assertRejects(() => textsOf(`${folder}/${i}`, server, RECORDS), InputError);
    assertMatch(error.message, message);
    assert(error.message.startsWith("--teacher-endpoint http://127.0.0.1:"), error.message);
    assert(!error.message.includes("\n") && !isFile(`${folder}/${i}/texts.jsonl`), error.message);
  }
  await using server = new TestEndpoint((request, number) =>
    isUp || number < 2 ? answering(request, number) : new Response("", { status: 400 })
  );
  const own = `${folder}/own`;
  await Deno.mkdir(own);
  const again = () => textsOf(own, server, RECORDS, { parallel: 1 });
  await assertRejects(again, InputError, "; are --teacher-model and teacherEndpoint.temperature right for it?");
  assertEquals(server.requests.length, 3);
  isUp = true;
  const { lines } = await again();
  assertEquals([lines.length, server.requests.length], [3, 4]);
  await again();
  assertEquals(server.requests.length, 4, "the file is there: nobody is asked");
});

testInFolder("a talk with a turn that no endpoint takes is refused", async (folder) => {
  await using server = new TestEndpoint(answering);
  const talk = { ...record("x"), talk: [{ role: "tool", content: "42" }] };
  await assertRejects(
    () => textsOf(folder, server, [talk]),
    InputError,
    'a turn of the role "tool", which no endpoint takes',
  );
  assertEquals(server.requests, []);
});
