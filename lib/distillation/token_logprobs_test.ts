import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { saying, TestEndpoint } from "#lib/endpoint/test_endpoint.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { PLAIN_TEMPLATE } from "#lib/tokenizers/prompt_template.ts";
import { askTeacher } from "./asked_texts.ts";
import { readTokenLogprobs, type SaidToken, textOfToken, tokensBehind } from "./token_logprobs.ts";

const read = (given: unknown) => readTokenLogprobs(given, (problem) => new InputError(problem));
const TOKENS: SaidToken[] = [
  { token: " a", top_logprobs: [[" a", -0.25], [" b", -2]] },
  { token: " c", top_logprobs: [[" d", -1]] },
];

Deno.test("tokens are read from a chat completion, from a file, and from the older form of completions", () => {
  const chat = TOKENS.map(({ token, top_logprobs }) => ({
    ...{ token, bytes: null, logprob: -1, id: 7 },
    top_logprobs: top_logprobs.map(([token, logprob]) => ({ token, logprob, bytes: null })),
  }));
  const older = {
    ...{ tokens: [" a", " c"], token_logprobs: [-0.25, -3], text_offset: [0, 2] },
    top_logprobs: [{ " a": -0.25, " b": -2 }, { " d": -1 }],
  };
  for (const given of [{ content: chat, refusal: null }, chat, TOKENS, older]) assertEquals(read(given), TOKENS);
  for (
    const none of [undefined, null, {}, { content: null }, [], [{ token: "a" }], [{ token: "a", top_logprobs: null }]]
  ) {
    assertEquals(read(none), undefined);
  }
});

Deno.test("a token is its bytes where the text does not say them; log-probabilities have six digits, and none is above 0", () => {
  const part = { token: "\ufffd", bytes: [0xe2, 0x80] };
  const own = { token: " é", bytes: [0x20, 0xc3, 0xa9] };
  const said = [{
    ...own,
    top_logprobs: [{ ...part, logprob: 1e-7 }, { ...own, logprob: -9999 }, {
      ...{ token: "x", logprob: -9.123456789 },
    }],
  }];
  const tokens = read(said);
  assertEquals(tokens, [{ token: " é", top_logprobs: [[part.bytes, 0], [" é", -9999], ["x", -9.123457]] }]);
  assertEquals(read(tokens), tokens);
  assertEquals([part.bytes, own.bytes, "x"].map(textOfToken), ["\ufffd", " é", "x"]);
});

Deno.test("what is no log-probability is refused with its place", () => {
  const one = (logprob: unknown) => [TOKENS[0], { token: "a", top_logprobs: [{ token: "a", logprob }] }];
  for (const [value, shown] of [[null, "null"], ["NaN", '"NaN"'], [0.1, "0.1"]] as const) {
    const place = `its log-probabilities cannot be read: token 2, top_logprobs, 0, logprob: ${shown}: `;
    assertThrows(() => read(one(value)), InputError, place);
  }
  assertThrows(
    () => read([{ token: "a", top_logprobs: [["a", 0.1]] }]),
    InputError,
    ": token 1, top_logprobs, 0, 1: 0.1: ",
  );
  assertThrows(() => read([{ token: 5 }]), InputError, "token 1, token: 5: ");
  assertThrows(() => read([{ token: "a", bytes: [256] }]), InputError, "token 1, bytes, 0: 256: ");
  assertThrows(() => read("yes"), InputError, 'cannot be read: "yes": ');
  const twice = { token: "a", top_logprobs: [{ token: "a", logprob: -0.1 }, { token: "b", logprob: -0.1 }] };
  assertThrows(() => read([twice]), InputError, "in the place of token 1 have probabilities of 1.81 together");
});

Deno.test("the tokens of a text are those behind what stands in front of it, unless one crosses the border", () => {
  assertEquals(tokensBehind(TOKENS, ""), TOKENS);
  assertEquals(tokensBehind(TOKENS, " a"), [TOKENS[1]]);
  assertEquals(tokensBehind(TOKENS, " a c"), []);
  assertEquals(tokensBehind(TOKENS, " "), undefined);
  assertEquals(tokensBehind(TOKENS, " a c d"), undefined);
});

testInFolder("thoughts have no tokens in the file, nor do texts that are empty", async (folder) => {
  const token = (token: string) => ({ token, top_logprobs: [{ token, logprob: -0.5 }] });
  await using server = new TestEndpoint(({ messages }) => {
    if (messages[0].content === "Nothing.") return saying("", "stop", { content: [] });
    const content = ["<think>", "hm", "</think>", "\n", "Vega", "."].map(token);
    return saying(content.map(({ token }) => token).join(""), "stop", { content });
  });
  const path = `${folder}/texts.jsonl`;
  const settings = { url: server.url, model: "big", temperature: 1, parallel: 1, retries: 0, timeoutSeconds: 9 };
  await askTeacher(path, {
    endpoint: { ...settings, topLogprobs: 5, maxItems: null },
    records: ["Name a star.", "Nothing."].map((instruction) => ({ instruction, input: "", references: ["x"] })),
    ...{ template: PLAIN_TEMPLATE, prefix: "" },
  }, { cacheFolder: `${folder}/cache`, stop: new AbortController().signal });
  assertEquals(server.requests.map(({ topLogprobs }) => topLogprobs), [5, 5]);
  const lines = (await Deno.readTextFile(path)).trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines, [{
    ...{ prompt: "Name a star.", text: "Vega.", ended: "eos" },
    logprobs: ["Vega", "."].map((token) => ({ token, top_logprobs: [[token, -0.5]] })),
  }]);
});
