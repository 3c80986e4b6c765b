import { assertEquals, assertMatch } from "@std/assert";
import type { Experiment } from "#lib/bench/experiment.ts";
import { gpt2InstructionFollowing, instructionFollowing } from "#experiments/tables/instruction_following.ts";
import { PUBLISHED_GPT2, PUBLISHED_INSTRUCTION_FOLLOWING, PUBLISHED_TASKS } from "./published_numbers.ts";
import { taskSpecific } from "#experiments/tables/task_specific.ts";

/** The tables of an experiment with one student, scored on these sets. */
function tablesOf(experiment: Experiment, metric: string, datasets: readonly string[]) {
  const scores = datasets.map((dataset) => (
    { experiment: experiment.name, method: "sft", dataset, metric, seed: 10, value: 0.5, count: 10 }
  ));
  return experiment.report({ profile: "tiny", display: {}, scores, items: [], curves: [], settings: [] }).tables;
}

/** Label and numbers of each published row, source by source. */
function publishedIn({ table }: ReturnType<typeof tablesOf>) {
  return table.published.map(({ rows }) => rows.map(({ label, cells }) => [label, ...cells]));
}

const SETS = ["dolly", "self_instruct", "vicuna", "sni", "unni"];
const SIZES = ["samsum", "iwslt", "strategyqa"].flatMap((name) => ["base", "large"].map((size) => `${name}/${size}`));

Deno.test("the numbers that others published stand below the main table, those of a source apart, with no average", () => {
  assertEquals(publishedIn(tablesOf(instructionFollowing, "rouge_l", SETS)), [
    [
      ["SFT", "24.54", "16.80", "16.15", "29.29", "27.43", undefined],
      ["KD", "25.23", "18.90", "16.67", "31.68", "29.36", undefined],
      ["GKD", "26.28", "18.84", "17.81", "30.92", "29.79", undefined],
      ["MiniLLM", "27.74", "20.61", "18.83", "35.31", "33.86", undefined],
      ["DistiLLM", "28.24", "21.00", "19.12", "37.06", "35.05", undefined],
      ["ABKD", "30.25", "22.39", "20.83", "38.51", "38.66", undefined],
    ],
    [
      ["ImitKD", undefined, "18.4", "19.1", "33.1", "28.7", undefined],
      ["DistiLLM", undefined, "20.8", "20.4", "37.2", "38.2", undefined],
      ["AMMD", undefined, "21.7", "21.4", "38.7", "39.1", undefined],
    ],
  ]);
});

Deno.test("the table of GPT-2's architecture has those of GPT-2, and data of one's own has none", () => {
  assertEquals(publishedIn(tablesOf(gpt2InstructionFollowing, "rouge_l", SETS)), [
    [
      ["ABKD, fixed data", "25.65", "13.47", "16.06", "26.47", "29.32", undefined],
      ["ABKD, DistiLLM's scheduler", "26.58", "14.25", "17.79", "27.79", "31.13", undefined],
    ],
    [["MiniLLM", "24.6", "13.2", "16.9", "25.3", "26.6", undefined]],
    [
      ["Teacher", "27.04", undefined, undefined, undefined, undefined, undefined],
      ["MiniLLM", "23.84", undefined, undefined, undefined, undefined, undefined],
    ],
  ]);
  assertEquals(publishedIn(tablesOf(instructionFollowing, "rouge_l", ["recipes", "letters"])), []);
});

Deno.test("of the tasks they stand with the largest student, in the table of greedy responses alone", () => {
  const tables = tablesOf(taskSpecific, "rouge_l", [...SIZES, "samsum/large/sampled"]);
  assertEquals(publishedIn(tables), [[
    ["ImitKD", undefined, "51.2", undefined, "34.1", undefined, "61.7"],
    ["DistiLLM", undefined, "52.1", undefined, "35.5", undefined, "62.8"],
    ["AMMD", undefined, "52.7", undefined, "36.0", undefined, "65.3"],
  ]]);
  assertEquals(tables.sampled.published, []);
});

Deno.test("every source has an address, a block of its own and a heading that says whose they are not", () => {
  const blocks = [instructionFollowing, gpt2InstructionFollowing, taskSpecific].flatMap((experiment) =>
    tablesOf(experiment, "rouge_l", [...SETS, ...SIZES]).table.published
  );
  assertEquals(blocks.length, 6);
  for (const { heading, source } of blocks) {
    assertMatch(source, /https:\/\//);
    assertMatch(heading, /^Not ours: /);
    // What no paper was seen to say is told to be inferred.
    assertEquals(/wizwand/.test(source), /by inference/.test(heading) && /by inference/.test(source));
  }
  for (const published of [PUBLISHED_INSTRUCTION_FOLLOWING, PUBLISHED_GPT2, PUBLISHED_TASKS]) {
    assertEquals(new Set(published.map(({ source }) => source)).size, published.length);
  }
});
