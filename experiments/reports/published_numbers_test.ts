import { assert, assertEquals } from "@std/assert";
import type { Experiment } from "#lib/bench/experiment.ts";
import { gpt2InstructionFollowing, instructionFollowing } from "#experiments/tables/instruction_following.ts";
import { taskSpecific } from "#experiments/tables/task_specific.ts";

/** The tables of an experiment with one student, scored on these sets. */
function tablesOf(experiment: Experiment, metric: string, datasets: readonly string[]) {
  const scores = datasets.map((dataset) => (
    { experiment: experiment.name, method: "sft", dataset, metric, seed: 10, value: 0.5, count: 10 }
  ));
  return experiment.report({ profile: "tiny", display: {}, scores, items: [], curves: [], settings: [] }).tables;
}

/** Label and numbers of each published row. */
function publishedIn({ table }: ReturnType<typeof tablesOf>) {
  return table.published?.rows.map((
    { label, cells },
  ) => [label, ...cells.map(({ text = "", columns }) => [text, columns])]);
}

const SETS = ["dolly", "self_instruct", "vicuna", "sni", "unni"];
const each = (...texts: string[]) => texts.map((text) => [text, 1]);

Deno.test("the numbers that others published stand below the main table, with no average", () => {
  const tables = tablesOf(instructionFollowing, "rouge_l", SETS);
  assertEquals(publishedIn(tables), [
    ["Teacher, GPT-2 XL 1.5B", ...each("27.0", "", "", "", "", "")],
    ["MiniLLM, GPT-2 1.5B to 120M", ...each("24.6", "13.2", "16.9", "25.3", "26.6", "")],
    ["SFT, OpenLLaMA2 7B to 3B", ...each("24.5", "16.8", "16.2", "29.3", "27.4", "")],
    ["KD, OpenLLaMA2 7B to 3B", ...each("25.2", "18.9", "16.7", "31.7", "29.4", "")],
    ["MiniLLM, OpenLLaMA2 7B to 3B", ...each("27.7", "20.6", "18.8", "35.3", "33.9", "")],
    ["DistiLLM, OpenLLaMA2 7B to 3B", ...each("28.2", "21.0", "19.1", "37.1", "35.1", "")],
    ["AMMD, best values", ...each("", "21.7", "21.4", "38.7", "39.1", "")],
  ]);
  assert(tables.table.published!.heading.includes("not ours"));
  assert(tables.table.published!.rows.every(({ source }) => source !== ""));
});

Deno.test("the table of GPT-2's architecture has those of GPT-2, and data of one's own has none", () => {
  const labels = publishedIn(tablesOf(gpt2InstructionFollowing, "rouge_l", SETS))!.map(([label]) => label);
  assertEquals(labels, ["Teacher, GPT-2 XL 1.5B", "MiniLLM, GPT-2 1.5B to 120M"]);
  assertEquals(publishedIn(tablesOf(instructionFollowing, "rouge_l", ["recipes", "letters"])), undefined);
});

Deno.test("of the tasks a number stands across the sizes of student, as which it belongs to is not stated", () => {
  const tables = tablesOf(taskSpecific, "rouge_l", [
    "samsum/small",
    "samsum/base",
    "iwslt/base",
    "samsum/base/sampled",
  ]);
  assertEquals(publishedIn(tables), [["AMMD, best values", ["52.7", 2], ["36", 1]]]);
  assertEquals(tables.sampled.published, undefined);
});
