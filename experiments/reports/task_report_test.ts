import { assertEquals } from "@std/assert";
import type { RecordedResults } from "#lib/bench/experiment.ts";
import { taskSpecific } from "#experiments/tables/task_specific.ts";

const HELD_OUT = [
  ...["response_tokens", "entropy_on", "d_off", "d_on", "total_variation_off", "total_variation_on"],
  ...["forward_kl_off", "forward_kl_on", "reverse_kl_off", "reverse_kl_on"],
];

/** What a cell of a yes/no task leaves in `scores.csv`; the teacher has no distances. */
function scoresOf(method: string, size: string, accuracy: number): RecordedResults["scores"] {
  const row = (dataset: string, metric: string, value: number) => (
    { experiment: "task_specific", method, dataset, metric, seed: 10, value, count: 10 }
  );
  const task = `strategyqa/${size}`;
  return [
    row(task, "accuracy", accuracy),
    row(`${task}/sampled`, "accuracy", accuracy - 0.05),
    ...(method === "teacher" ? [] : HELD_OUT.map((metric, i) => row(`${task}/held_out`, metric, i / 8))),
  ];
}

Deno.test("a held-out table has scores beside what is measured there, of students of one size, for data sets with scores", () => {
  const scores = taskSpecific.methods.flatMap(({ name: method }) =>
    ["small", "base", "large"].flatMap((size) => scoresOf(method, size, size === "base" ? 0.75 : 0.5))
  );
  const { tables } = taskSpecific.report({ profile: "tiny", display: {}, scores, items: [], curves: [], settings: [] });
  assertEquals(Object.keys(tables), ["table", "sampled", "held_out_strategyqa"]);
  const { columns, rows } = tables.held_out_strategyqa;
  assertEquals(columns.map(({ label }) => label).slice(0, 4), [
    ...["accuracy, greedy", "accuracy, sampled", "Tokens", "Entropy"],
  ]);
  assertEquals(columns.length, 2 + HELD_OUT.length);
  assertEquals(
    rows.map(({ method }) => method),
    taskSpecific.methods.map(({ name }) => name).filter((name) => name !== "teacher"),
  );
  for (const { method, cells } of rows) {
    assertEquals(cells.map((cell) => cell?.mean), [0.75, 0.7, ...HELD_OUT.map((_, i) => i / 8)], method);
  }
  // Whatever the size, no cell of the tables of scores is missing either.
  for (const { rows } of Object.values(tables)) {
    assertEquals(rows.flatMap(({ cells }) => cells).includes(undefined), false);
  }
});
