import { assert, assertEquals, assertMatch, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { pretokenize } from "./bpe_tokenizer.ts";
import { INSTRUCTION_SET_NAMES } from "./instruction_sets.ts";
import { buildInstructionTasks } from "./instruction_tasks.ts";
import { TASKS, type Template } from "./instruction_templates.ts";
import { tokenizerTexts } from "./prompt.ts";
import { promptKey } from "./records.ts";
import wordNetConcepts from "./wordnet_concepts.json" with { type: "json" };

const TINY = { wordsPerCategory: 6, trainRecords: 6000, itemsPerSet: 200, seed: 1 };
const SMOKE = { wordsPerCategory: 2, trainRecords: 64, itemsPerSet: 20, seed: 1 };
const tiny = buildInstructionTasks(TINY);
const setOf = (name: string, data = tiny) => data.evaluation.find((set) => set.name === name)!.records;
const categoryOf = new Map(
  wordNetConcepts.categories.flatMap(({ name, concepts }) => concepts.map(({ word }) => [word, name])),
);

/** What the instructions of a template look like. */
function patternOf([instruction]: Template): RegExp {
  return new RegExp(`^${instruction.replace(/[.?]/g, "\\$&").replace(/\{[^}]*\}/g, ".+")}$`);
}

Deno.test("the tiny data has the five sets in the table's order and in their sizes", () => {
  assertEquals(tiny.evaluation.map(({ name }) => name), [...INSTRUCTION_SET_NAMES]);
  assertEquals(tiny.evaluation.map(({ records }) => records.length), [200, 200, 192, 200, 200]);
  assertEquals([tiny.train.length, tiny.validation.length], [6000, 200]);
});

Deno.test("the smoke data fills every set from two words a category", () => {
  const smoke = buildInstructionTasks(SMOKE);
  assertEquals(smoke.evaluation.map(({ records }) => records.length), [20, 20, 20, 20, 20]);
  assertEquals([smoke.train.length, smoke.validation.length], [64, 20]);
});

Deno.test("a small training set still asks every task", () => {
  const smoke = buildInstructionTasks(SMOKE);
  const shapes = Object.values(TASKS).map(({ training }) => training.map(patternOf));
  for (const patterns of shapes) {
    assert(smoke.train.some(({ instruction }) => patterns.some((pattern) => pattern.test(instruction))));
  }
});

Deno.test("no evaluation or validation prompt occurs in training, for any seed and size", () => {
  const leaksOf = (options: typeof TINY) => [...buildInstructionTasks(options).leakCounts];
  const none = ["validation", ...INSTRUCTION_SET_NAMES].map((name) => [name, 0]);
  assertEquals([...tiny.leakCounts], none as [string, number][]);
  fc.assert(
    fc.property(fc.nat(1000), fc.integer({ min: 2, max: 6 }), (seed, wordsPerCategory) => {
      assertEquals(
        leaksOf({ wordsPerCategory, seed, trainRecords: 500, itemsPerSet: 50 }),
        none as [string, number][],
      );
    }),
    { numRuns: 10 },
  );
});

Deno.test("every set holds each prompt once, and validation shares none with the Dolly role", () => {
  for (const { name, records } of [...tiny.evaluation, { name: "validation", records: tiny.validation }]) {
    assertEquals(new Set(records.map(promptKey)).size, records.length, name);
  }
  const dolly = new Set(setOf("dolly").map(promptKey));
  assertEquals(tiny.validation.filter((record) => dolly.has(promptKey(record))), []);
});

Deno.test("equal options give equal data, another seed other data", () => {
  assertEquals(buildInstructionTasks(SMOKE), buildInstructionTasks(SMOKE));
  assertNotEquals(buildInstructionTasks(SMOKE).train, buildInstructionTasks({ ...SMOKE, seed: 2 }).train);
});

Deno.test("more training records change neither the first ones nor any evaluation set", () => {
  const more = buildInstructionTasks({ ...TINY, trainRecords: 6100 });
  assertEquals(more.train.slice(0, 6000), [...tiny.train]);
  assertEquals(more.evaluation, tiny.evaluation);
});

Deno.test("the response is one of the references, and no placeholder is left", () => {
  for (
    const { instruction, input, response, references } of [tiny.train, ...tiny.evaluation.map((s) => s.records)].flat()
  ) {
    assert(references.includes(response), instruction);
    assertEquals(/[{}]/.test([instruction, input, ...references].join()), false, instruction);
  }
});

Deno.test("the Vicuna role asks about the concepts that training never asks about", () => {
  const about = (records: readonly { response: string }[]) =>
    new Set(records.flatMap(({ response }) => /^an? (\w+) is .* another /.exec(response)?.[1] ?? []));
  const [trained, asked] = [about(tiny.train), about(setOf("vicuna"))];
  assertEquals([trained.size, asked.size], [24, 24]);
  assertEquals([...asked].filter((word) => trained.has(word)), []);
});

/** Which task a prompt of the S-NI role is of. */
const definedTask = (instruction: string) =>
  Object.entries(TASKS).find(([, { definitions }]) =>
    definitions.some((template) => patternOf(template).test(instruction))
  )
    ?.[0];

Deno.test("the S-NI role asks every task by definitions that training does not have, with several right answers", () => {
  const sni = setOf("sni");
  const counts = Map.groupBy(sni, ({ instruction }) => definedTask(instruction));
  assertEquals([...counts.keys()].sort(), Object.keys(TASKS).sort());
  for (const [task, { length }] of counts) assert(length >= 15 && length <= 36, `${task}: ${length}`);
  assertEquals(tiny.train.some(({ instruction }) => definedTask(instruction) !== undefined), false);
  assert(sni.every(({ references }) => new Set(references).size >= 2));
});

Deno.test("the right answers of the S-NI role agree with one another and with the categories", () => {
  for (const { instruction, input, references } of setOf("sni")) {
    const task = definedTask(instruction);
    const words = input.match(/\w+/g)!;
    if (task === "both" || task === "yesNo") {
      const [word, other] = [words.find((each) => categoryOf.has(each))!, words.at(-1)!];
      const isYes = categoryOf.get(word) === (task === "both" ? categoryOf.get(other) : other);
      for (const reference of references) assertMatch(reference, isYes ? /^yes[,.]/ : /^no[,.]/, input);
    }
    if (task === "pick") {
      const [word] = words.filter((each) => instruction.includes(` ${categoryOf.get(each)}.`));
      for (const reference of references) assert(reference.split(/[ .]/).includes(word), `${input}: ${reference}`);
    }
    if (task === "kind") {
      for (const reference of references) assert(reference.endsWith(`${categoryOf.get(words[0])}.`), input);
    }
  }
});

Deno.test("answers are true: yes exactly for the right category", () => {
  let checked = 0;
  for (const { instruction, response } of tiny.train) {
    const asked = /^is an? (\w+) an? (\w+)\?$/.exec(instruction);
    if (asked === null) continue;
    const [, word, category] = asked;
    assertMatch(response, categoryOf.get(word) === category ? /^yes, / : /^no, /, instruction);
    checked++;
  }
  assert(checked > 50);
});

Deno.test("answers are true: both and pick follow the categories", () => {
  let checked = 0;
  for (const { instruction, input, response } of tiny.train) {
    const words = input.split(", ");
    if (instruction === "say if the words are the same kind.") {
      const same = categoryOf.get(words[0]) === categoryOf.get(words[1]);
      assertMatch(response, same ? /^yes, / : /^no, /, input);
      checked++;
    }
    const picked = /^pick the (\w+)\.$/.exec(instruction)?.[1];
    if (picked === undefined) continue;
    assertEquals(words.filter((word) => categoryOf.get(word) === picked), [response.replace(".", "")], instruction);
    checked++;
  }
  assert(checked > 100);
});

Deno.test("every word of an evaluation prompt occurs in training", () => {
  const known = new Set(tokenizerTexts(tiny.train).flatMap(pretokenize));
  for (const { name, records } of tiny.evaluation) {
    assertEquals(tokenizerTexts(records).flatMap(pretokenize).filter((word) => !known.has(word)), [], name);
  }
});

Deno.test("the tasks are asked about as often as their weights say", () => {
  const listed = tiny.train.filter(({ references }) => references.length === 6).length;
  const about = tiny.train.filter(({ response }) => response.includes(" another ")).length;
  assert(Math.abs(listed / 6000 - 0.1) < 0.02, `list ${listed}`);
  assert(Math.abs(about / 6000 - 0.12) < 0.02, `about ${about}`);
});

Deno.test("a wrong size is named in a RangeError", () => {
  assertThrows(() => buildInstructionTasks({ ...TINY, wordsPerCategory: 7 }), RangeError, "wordsPerCategory is 7");
  assertThrows(() => buildInstructionTasks({ ...TINY, wordsPerCategory: 1 }), RangeError, "wordsPerCategory is 1");
  assertThrows(() => buildInstructionTasks({ ...TINY, trainRecords: 0 }), RangeError, "trainRecords is 0");
  assertThrows(() => buildInstructionTasks({ ...TINY, itemsPerSet: 1.5 }), RangeError, "itemsPerSet is 1.5");
});
