import { assertEquals } from "@std/assert";
import { parameterPlanOf } from "./parameter_plan.ts";
import { publishedShape } from "./published_shapes.ts";

// The numbers of parameters that the models are known to have.
const PARAMETERS: Readonly<Record<string, number>> = {
  "openai-community/gpt2": 124_439_808,
  "MiniLLM/SFT-gpt2-340M": 354_823_168,
  "openai-community/gpt2-large": 774_030_080,
  "MiniLLM/teacher-gpt2-1.5B": 1_557_611_200,
  "HuggingFaceTB/SmolLM2-135M": 134_515_008,
  "HuggingFaceTB/SmolLM2-360M@main": 361_821_120,
  "openlm-research/open_llama_3b_v2": 3_426_473_600,
  "openlm-research/open_llama_7b_v2": 6_738_415_616,
  "google/t5-v1_1-small": 76_961_152,
  "google/t5-v1_1-base": 247_577_856,
  "google/t5-v1_1-large": 783_150_080,
  "google/t5-xl-lm-adapt": 2_849_757_184,
  "google/mt5-small": 300_176_768,
  "google/mt5-base": 582_401_280,
  "google/mt5-xl": 3_742_619_648,
};

for (const [name, parameters] of Object.entries(PARAMETERS)) {
  Deno.test(`${name} is planned with the ${parameters} parameters that it has`, () => {
    const { specs } = parameterPlanOf(publishedShape(name)!);
    const sizes = specs.map(({ shape }) => shape.reduce((product, size) => product * size, 1));
    assertEquals(sizes.reduce((sum, size) => sum + size, 0), parameters);
  });
}

Deno.test("of a model that is not known there is no shape", () => {
  assertEquals([publishedShape("org/name"), publishedShape("./gpt2")], [undefined, undefined]);
});
