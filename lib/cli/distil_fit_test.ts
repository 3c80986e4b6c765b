import { assertEquals } from "@std/assert";
import { lessMemory } from "./distil_fit.ts";

Deno.test("what takes less memory is half of the texts at once, and with one text what holds less of the models", () => {
  const shape = { batch: 8, tokens: 512, responseTokens: 256 };
  assertEquals(lessMemory({}, shape, true), "--texts-at-once 4 takes less");
  assertEquals(lessMemory({ textsAtOnce: 3 }, shape, true), "--texts-at-once 1 takes less");
  const fewerBits = "--teacher-form int8, --lora with --student-form takes less";
  assertEquals(lessMemory({ textsAtOnce: 1 }, shape, true), `--recompute, ${fewerBits}`);
  const withoutTeacher = "--recompute, --lora with --student-form takes less";
  assertEquals(lessMemory({ textsAtOnce: 1 }, shape, false), withoutTeacher);
  assertEquals(lessMemory({ recompute: true }, { ...shape, batch: 1 }, true), fewerBits);
});
