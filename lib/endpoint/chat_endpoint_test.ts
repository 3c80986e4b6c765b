import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { ChatEndpoint, type ChatEndpointOptions } from "./chat_endpoint.ts";
import { grading, type Handler, saying, TestEndpoint } from "./test_endpoint.ts";

const NEVER = new AbortController().signal;
const MESSAGES = [{ role: "user", content: "hello" }] as const;
const NAMES = {
  ...{ who: "judge", url: "judge.url", model: "judge.model", temperature: "judge.temperature" },
  keyVariable: "JUDGE_API_KEY",
};
const KEY = "sk-very-secret-0123456789";

/** A client of a test endpoint that waits no time, and the waits that it would have taken, in ms. */
function client(server: Pick<TestEndpoint, "url">, options: Partial<ChatEndpointOptions> = {}) {
  const [waits, said]: [number[], string[]] = [[], []];
  const timing = {
    sleep: (ms: number) => Promise.resolve(void waits.push(ms)),
    random: () => 1,
    now: () => Date.UTC(2024, 0, 1),
    after: () => NEVER,
  };
  const endpoint = new ChatEndpoint({
    names: NAMES,
    url: `${server.url}/chat/completions`,
    model: "judge-1",
    temperature: 0,
    retries: 3,
    timeoutSeconds: 20,
    timing,
    say: (message) => void said.push(message),
    ...options,
  });
  return { endpoint, waits, said, ask: () => endpoint.ask(MESSAGES, NEVER) };
}

/** The error of a client whose endpoint always replies so. */
async function errorOf(handler: Handler, options: Partial<ChatEndpointOptions> = {}): Promise<string> {
  await using server = new TestEndpoint(handler);
  const { message } = await assertRejects(client(server, options).ask, InputError);
  assertEquals(message.includes("\n"), false, message);
  assertEquals(message.includes(KEY), false, message);
  return message.replace(server.url, "URL");
}

Deno.test("a request has model, messages, temperature and the key, and its reply the text of the first choice", async () => {
  await using server = new TestEndpoint(() => saying("hi"));
  assertEquals((await client(server, { key: KEY, temperature: 0.5 }).ask()).text, "hi");
  assertEquals(server.requests, [{
    path: "/v1/chat/completions",
    authorization: `Bearer ${KEY}`,
    model: "judge-1",
    temperature: 0.5,
    messages: [...MESSAGES],
  }]);
});

Deno.test("without a key no authorization is sent", async () => {
  await using server = new TestEndpoint(() => saying("hi"));
  await client(server).ask();
  assertEquals(server.requests[0].authorization, null);
});

Deno.test("a Retry-After is kept to, in seconds or as a date, where it is longer than the client's own wait", async () => {
  const retryAfter = ["7", "Mon, 01 Jan 2024 00:00:09 GMT", "0", "soon"];
  await using server = new TestEndpoint((_, number) =>
    number < 4
      ? new Response("slow down", { status: 429, headers: { "retry-after": retryAfter[number] } })
      : saying("hi")
  );
  const { ask, waits, said } = client(server, { retries: 4 });
  assertEquals((await ask()).text, "hi");
  assertEquals(waits, [7000, 9000, 4000, 8000]);
  assertEquals(said[0], 'judge: 429 Too Many Requests, "slow down"; again in 7 s');
});

Deno.test("an endpoint that wants to be left alone for long is an error at once", async () => {
  const message = await errorOf(() => new Response("quota", { status: 429, headers: { "retry-after": "86400" } }));
  assertStringIncludes(message, '429 Too Many Requests, "quota"; it asks to be left alone for 1440 min');
});

Deno.test("waits double up to a minute, and jitter takes up to half of each", async () => {
  await using server = new TestEndpoint(() => new Response(null, { status: 503 }));
  const { ask, waits } = client(server, { retries: 8 });
  await assertRejects(ask, InputError, "503 Service Unavailable (tried 9 times)");
  assertEquals(waits, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  assertEquals(server.requests.length, 9);

  const halves: number[] = [];
  const sleep = (ms: number) => Promise.resolve(void halves.push(ms));
  const hurried = client(server, { retries: 2, timing: { sleep, random: () => 0, now: () => 0, after: () => NEVER } });
  await assertRejects(hurried.ask, InputError);
  assertEquals(halves, [500, 1000]);
});

Deno.test("a server's faults are tried again: 500, 502, 529, 408", async () => {
  const statuses = [500, 502, 529, 408];
  await using server = new TestEndpoint((_, number) =>
    number < 4 ? new Response("oops", { status: statuses[number] }) : saying("hi")
  );
  assertEquals((await client(server, { retries: 4 }).ask()).text, "hi");
});

Deno.test("a connection that closes amid the body is tried again", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const reply = new TextEncoder().encode('HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"choices": [{"mess');
  const cutOff = async () => {
    using connection = await listener.accept();
    await connection.read(new Uint8Array(4096));
    await connection.write(reply);
  };
  const { ask, said } = client({ url: `http://127.0.0.1:${listener.addr.port}/v1` }, { retries: 1 });
  const asked = assertRejects(ask, InputError, "no answer: error reading a body from connection (tried 2 times)");
  await cutOff();
  await cutOff();
  await asked;
  assertEquals(said, ["judge: no answer: error reading a body from connection; again in 1 s"]);
});

Deno.test("an answer that does not come in time is tried again, then an error", async () => {
  let late = new AbortController();
  const limits: number[] = [];
  const after = (ms: number) => {
    limits.push(ms);
    return (late = new AbortController()).signal;
  };
  await using server: TestEndpoint = new TestEndpoint((_, number) => {
    if (number === 1) return saying("hi");
    late.abort();
    return server.hang();
  });
  const timing = { sleep: () => Promise.resolve(), random: () => 0, now: () => 0, after };
  assertEquals((await client(server, { timeoutSeconds: 0.2, timing }).ask()).text, "hi");
  const patient = client(server, { timeoutSeconds: 30, retries: 1, timing });
  await assertRejects(patient.ask, InputError, "no answer within 30 s (tried 2 times)");
  assertEquals(limits, [200, 200, 30_000, 30_000]);
});

Deno.test("an address where nobody listens is an error that says so, after the last try", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${listener.addr.port}/v1`;
  listener.close();
  const { message } = await assertRejects(client({ url }).ask, InputError);
  assertMatch(message, /^judge\.url http:\S+: no answer: [^\n]*refused[^\n]* \(tried 4 times\)$/);
});

Deno.test("a refusal is an error at once, with status, address, the reason given and what to do", async () => {
  const answer = (status: number, body: string): Handler => (_, number) => {
    assertEquals(number, 0);
    return new Response(body, { status });
  };
  const json = JSON.stringify({ error: { message: "no\tsuch\nkey" } }, null, 2);
  const at = "judge.url URL/chat/completions";
  assertEquals(
    await errorOf(answer(401, json)),
    `${at}: 401 Unauthorized, "no such key"; set the environment variable JUDGE_API_KEY`,
  );
  assertEquals(
    await errorOf(answer(403, `\n\nkey ${KEY} is no good\nsecond line`), { key: KEY }),
    `${at}: 403 Forbidden, "key [JUDGE_API_KEY] is no good"; the key in the environment variable JUDGE_API_KEY is not accepted`,
  );
  assertStringIncludes(await errorOf(answer(404, "")), "404 Not Found; is judge.url right");
  const long = await errorOf(answer(400, JSON.stringify({ detail: `\x1b[31m${"x".repeat(999)}` })));
  assertStringIncludes(long, `${at}: 400 Bad Request, "[31mxxx`); // the escape that would have coloured it is gone
  assertEquals(long.length < 400 && long.endsWith("; are judge.model and judge.temperature right for it?"), true);
});

Deno.test("a redirect is not followed: the key stays with the address that it is for", async () => {
  await using elsewhere = new TestEndpoint(() => saying("hi"));
  for (const status of [301, 302, 307, 308]) {
    const location = `${elsewhere.url}/chat/completions`;
    const message = await errorOf(() => new Response(null, { status, headers: { location } }), { key: KEY });
    assertMatch(message, new RegExp(`: ${status} .*: it has moved to "${location}"; change judge.url$`));
  }
  assertEquals(elsewhere.requests, []);
});

Deno.test("a reply that is no chat completion has no text", async () => {
  const bodies = ["<html>", "null", "[]", '{"choices": []}', '{"choices": [{"message": {"content": [1]}}]}', ""];
  await using server = new TestEndpoint((_, number) => new Response(bodies[number]));
  for (const body of bodies) {
    assertEquals(await client(server).ask(), { text: undefined, finish: undefined, body });
  }
});

Deno.test("a signal ends requests and waits at once, with its reason", async () => {
  const stop = { waits: new AbortController(), requests: new AbortController() };
  const enough = new RangeError("enough");
  await using server: TestEndpoint = new TestEndpoint((_, number) => {
    if (number === 0) return new Response(null, { status: 500, headers: { "retry-after": "200" } });
    stop.requests.abort(enough);
    return server.hang();
  });
  // It says that it will wait, and then waits.
  const say = () => queueMicrotask(() => stop.waits.abort(enough));
  const { endpoint } = client(server, { timing: undefined, say });
  for (const { signal } of [stop.waits, stop.requests]) {
    await assertRejects(() => endpoint.ask(MESSAGES, signal), RangeError, "enough");
  }
  assertEquals(server.requests.length, 2);
});

Deno.test("grades survive a key that is a part of every text", async () => {
  await using server = new TestEndpoint(() => grading(7, 8));
  assertEquals((await client(server, { key: "a" }).ask()).text, '{"answer_1":7,"answer_2":8}');
});
