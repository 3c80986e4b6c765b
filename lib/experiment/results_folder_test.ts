import { assert, assertEquals, assertThrows } from "@std/assert";
import type { CellResult } from "./experiment.ts";
import { ResultsFolder } from "./results_folder.ts";

const result = (dataset: string, value: number): CellResult => ({
  scores: [
    { dataset, metric: "accuracy", value, count: 2, items: [value, value] },
    { dataset: `${dataset}/sampled`, metric: "bleu", value, count: 2, statistics: { "bleu.totals_1": [3, 4] } },
  ],
  curves: [{ step: 1, measure: "loss", value }],
  samples: [{ dataset, instruction: "a", input: "", reference: "b", response: `${value}` }],
});

function test(name: string, fn: (open: () => Promise<ResultsFolder>, path: string) => Promise<void>): void {
  Deno.test(name, async () => {
    const path = await Deno.makeTempDir();
    try {
      await fn(() => ResultsFolder.open(path, "p", "e"), `${path}/p/e`);
    } finally {
      await Deno.remove(path, { recursive: true });
    }
  });
}

const small = { method: "kd", seed: 1, task: "qa/small" };
const large = { method: "kd", seed: 1, task: "qa/large" };

test("a cell with a task takes the place of its own rows only, and is there once it has scores", async (open) => {
  const folder = await open();
  folder.put(small, result("qa/small", 0.25));
  assertEquals([folder.has(small), folder.has(large)], [true, false]);
  folder.put(large, result("qa/large", 0.5));
  folder.put(small, result("qa/small", 0.75));
  folder.provenance = { configuration: {}, configurationHash: "", deno: "", adapter: "", data: {}, cells: {} };
  await folder.write();
  const read = await open();
  assertEquals(read.scores.map(({ dataset, value }) => [dataset, value]), [
    ...[["qa/large", 0.5], ["qa/large/sampled", 0.5], ["qa/small", 0.75], ["qa/small/sampled", 0.75]],
  ] as [string, number][]);
  assertEquals(read.curves.map(({ task, value }) => [task, value]), [["qa/large", 0.5], ["qa/small", 0.75]]);
  assertEquals(read.items.map(({ dataset, metric }) => `${dataset} ${metric}`), [
    ...["qa/large accuracy", "qa/large/sampled bleu.totals_1", "qa/small accuracy", "qa/small/sampled bleu.totals_1"],
  ]);
  assert(read.has(small) && read.has(large) && !read.has({ ...small, seed: 2 }));
});

test("a task is not the beginning of another's name", async (open) => {
  const folder = await open();
  folder.put({ ...small, task: "qa" }, result("qa", 0.5));
  assertEquals([folder.has({ ...small, task: "q" }), folder.has({ ...small, task: "qa" })], [false, true]);
  assertThrows(
    () => folder.put(small, result("qa/smaller", 0.5)),
    RangeError,
    "a score on qa/smaller: the cell is of qa/small",
  );
});

test("without tasks files have no column of them", async (open, path) => {
  const folder = await open();
  folder.put({ method: "kd", seed: 1 }, result("dolly", 0.5));
  await folder.write();
  const lines = (await Deno.readTextFile(`${path}/curves.csv`)).split("\n");
  assertEquals(lines[0], "experiment,method,seed,step,measure,value");
  assert(!(await Deno.readTextFile(`${path}/samples.jsonl`)).includes("task"));
});
