import { assertEquals } from "@std/assert";
import { sizesOf } from "./planned_model.ts";

Deno.test("a profile's sizes are its teacher and student, and its encoder-decoders, by their words", () => {
  const sizes = sizesOf({
    data: { vocabSize: 320, maxPromptTokens: 64, maxNewTokens: 32 },
    teacher: { model: { hiddenSize: 128, numLayers: 3, numHeads: 4 } },
    student: { model: { hiddenSize: 64, numLayers: 2, numHeads: 2 } },
    taskSpecific: { vocabSize: 1024, sizes: { base: { hiddenSize: 64, numLayers: 1, numHeads: 4 } } },
  });
  assertEquals([...sizes.keys()], ["teacher", "student", "base"]);
  const teacher = sizes.get("teacher")!;
  assertEquals([teacher.family, teacher.vocabSize, "maxPositions" in teacher && teacher.maxPositions], [
    "llama",
    320,
    96,
  ]);
  const base = sizes.get("base")!;
  assertEquals([base.family, base.vocabSize, base.hiddenSize], ["t5", 1024, 64]);
  assertEquals(sizesOf({ data: {} }).size, 0);
});
