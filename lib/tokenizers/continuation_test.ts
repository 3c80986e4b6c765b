import { assertEquals } from "@std/assert";
import { Continuation } from "./continuation.ts";
import type { TextCodec } from "./text_codec.ts";
import { tokenizerOf } from "./tokenizer_files.ts";

const STORIES = decodeURIComponent(new URL("./testdata/stories260K", import.meta.url).pathname);

function textOf(codec: TextCodec, prompt: readonly number[], ids: readonly number[]): string {
  const continuation = new Continuation(codec, prompt);
  return ids.map((id) => continuation.push(id)).join("") + continuation.end();
}

Deno.test("a continuation has the space of its first word behind a prompt, and none where it stands by itself", async () => {
  const codec = await tokenizerOf(STORIES);
  const whole = codec.encode("Once upon a time there was a cat", { addSpecialTokens: true });
  const prompt = codec.encode("Once upon a time", { addSpecialTokens: true });
  assertEquals(whole.slice(0, prompt.length), prompt);
  assertEquals(textOf(codec, prompt, whole.slice(prompt.length)), " there was a cat");
  assertEquals(textOf(codec, [], whole.slice(prompt.length)), "there was a cat");
  const long = Array.from({ length: 40 }, () => prompt.slice(1)).flat();
  assertEquals(textOf(codec, long, whole.slice(prompt.length)), " there was a cat");
});

Deno.test("ids without a token are U+FFFD and counted, and the text goes on behind them", async () => {
  const codec = await tokenizerOf(STORIES);
  const [, ...cat] = codec.encode("a cat", { addSpecialTokens: true });
  const continuation = new Continuation(codec, cat);
  const text = [600, ...cat].map((id) => continuation.push(id)).join("") + continuation.end();
  assertEquals([text, continuation.unknownIds], ["\ufffda cat", 1]);
});
