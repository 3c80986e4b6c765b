import { assertEquals, assertThrows } from "@std/assert";
import { contestsOf } from "./contest.ts";
import { codec, PROMPTS, say, tokenizer } from "./test_pairs.ts";

const written = (writer: "teacher" | "student", texts: readonly string[]) => ({
  writer,
  texts: texts.map((text, i) => ({ prompt: PROMPTS[i], response: say(text) })),
});
const references = [["a small pet."], ["a cat."], ["pet."]];

Deno.test("texts of two writers are paired prompt by prompt, with the data's answers", () => {
  const first = written("teacher", ["a pet.", "a cat.", "pet."]);
  const second = written("student", ["a word.", "a word.", "cat."]);
  const { contests, equalTexts, emptyTexts } = contestsOf(first, second, references, codec);
  assertEquals([equalTexts, emptyTexts], [0, 0]);
  assertEquals(
    contests,
    PROMPTS.map((prompt, i) => ({
      prompt,
      texts: [first.texts[i].response, second.texts[i].response] as const,
      writers: ["teacher", "student"] as const,
      references: references[i],
    })),
  );
});

Deno.test("texts that read the same, whatever their tokens, and texts that say nothing make no pair, and are counted", () => {
  const first = written("student", ["a pet.", "a cat.", "pet."]);
  const [own, , other] = first.texts;
  const cut = own.response.filter((id) => id !== tokenizer.specialId("<eos>"));
  const second = {
    writer: "student" as const,
    texts: [{ prompt: PROMPTS[0], response: cut }, { prompt: PROMPTS[1], response: say("") }, other],
  };
  const { contests, equalTexts, emptyTexts } = contestsOf(first, second, references, codec);
  assertEquals([contests, equalTexts, emptyTexts], [[], 2, 1]);
});

Deno.test("texts of different prompts, or not as many, are refused", () => {
  const first = written("teacher", ["a pet.", "a cat."]);
  const swapped = { ...first, texts: [...first.texts].reverse() };
  assertThrows(() => contestsOf(first, swapped, references.slice(1), codec), RangeError, "place 0");
  assertThrows(() => contestsOf(first, first, references, codec), RangeError, "there are 2 and 2 and 3");
});
