import { assertEquals } from "@std/assert";
import { gpt2 } from "#lib/models/gpt2.ts";
import { readableGroups, textsReadAtOnce } from "./reading.ts";

const MEDIUM = gpt2.smallConfig({
  vocabSize: 50257,
  hiddenSize: 1024,
  numLayers: 24,
  numHeads: 16,
  maxPositions: 1024,
});
const TINY = gpt2.smallConfig({ vocabSize: 500, hiddenSize: 64, numLayers: 2, numHeads: 2, maxPositions: 128 });

Deno.test("a model reads as many texts at once as make 64 MiB of its widest tensor, or what a device binds; 64 at most", () => {
  assertEquals(textsReadAtOnce({ config: MEDIUM }, 512), 8); // 4,096 numbers a token
  assertEquals(textsReadAtOnce({ config: MEDIUM, bindingLimit: 2 ** 24 }, 512), 2);
  assertEquals(textsReadAtOnce({ config: MEDIUM, bindingLimit: 2 ** 20 }, 512), 1);
  assertEquals(textsReadAtOnce({ config: TINY }, 128), 64);
  assertEquals(textsReadAtOnce({ config: TINY, most: 32 }, 128), 32);
});

Deno.test("groups keep the order of the texts, and the longest of a group decides how many it has", () => {
  const texts = [...Array(3).fill(1024), ...Array(70).fill(16), 1024];
  const groups = [...readableGroups({ config: MEDIUM }, texts, (tokens) => tokens)];
  assertEquals(groups.flat(), texts);
  // Four of 1,024 tokens make 64 MiB: after three there is room for one more, of any length, and five shorter ones leave none for a long one.
  assertEquals(groups.map(({ length }) => length), [4, 64, 5, 1]);
});
