import { assertEquals } from "@std/assert";
import { groupSamples, type SampleText } from "./sample_groups.ts";

const sample = (method: string, seed: number, response: string, others: Partial<SampleText> = {}): SampleText => ({
  ...{ method, seed, dataset: "dolly", instruction: "Name a tool.", input: "", reference: "a knife", response },
  ...others,
});

Deno.test("responses stand side by side: by data set and prompt, in the order of the rows, of the first seed", () => {
  const groups = groupSamples([
    sample("new", 20, "n"),
    sample("kd", 20, "second"),
    sample("kd", 10, "first"),
    sample("beta_1", 10, "b", { dataset: "vicuna" }),
    sample("teacher", 10, "t"),
    sample("teacher", 10, "u", { input: "at home" }),
  ], [{ method: "teacher", label: "Teacher" }, { method: "beta_1", label: "β = 1" }, { method: "sft", label: "SFT" }]);
  assertEquals(
    groups.map(({ dataset, input, responses }) => [
      dataset,
      input,
      ...responses.map(({ label, seed, response }) => `${label} ${seed} ${response}`),
    ]),
    [["dolly", "", "Teacher 10 t", "kd 10 first", "new 20 n"], ["dolly", "at home", "Teacher 10 u"], [
      "vicuna",
      "",
      "β = 1 10 b",
    ]],
  );
});
