import { assert, assertEquals, assertThrows } from "@std/assert";
import type { CellResult } from "./cell_result.ts";
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
      await fn(() => ResultsFolder.open(`${path}/p/e`, "e"), `${path}/p/e`);
    } finally {
      await Deno.remove(path, { recursive: true });
    }
  });
}

const TASKS = ["qa/small", "qa/large"];
const small = { method: "kd", seed: 1, task: "qa/small" };
const large = { method: "kd", seed: 1, task: "qa/large" };

test("a cell with a task takes the place of its own rows only, and is there once it has scores", async (open) => {
  const folder = await open();
  folder.put(small, result("qa/small", 0.25));
  assertEquals(folder.cellAddresses(TASKS), ["kd/qa/small/1"]);
  folder.put(large, result("qa/large", 0.5));
  folder.put(small, result("qa/small", 0.75));
  await folder.write();
  const read = await open();
  assertEquals(read.scores.map(({ dataset, value }) => [dataset, value]), [
    ...[["qa/large", 0.5], ["qa/large/sampled", 0.5], ["qa/small", 0.75], ["qa/small/sampled", 0.75]],
  ] as [string, number][]);
  assertEquals(read.curves.map(({ task, value }) => [task, value]), [["qa/large", 0.5], ["qa/small", 0.75]]);
  assertEquals(read.items.map(({ dataset, metric }) => `${dataset} ${metric}`), [
    ...["qa/large accuracy", "qa/large/sampled bleu.totals_1", "qa/small accuracy", "qa/small/sampled bleu.totals_1"],
  ]);
  assertEquals(read.cellAddresses(TASKS).sort(), ["kd/qa/large/1", "kd/qa/small/1"]);
});

test("a task is not the beginning of another's name", async (open) => {
  const folder = await open();
  folder.put({ ...small, task: "qa" }, result("qa", 0.5));
  assertEquals([folder.cellAddresses(["q"]), folder.cellAddresses(["q", "qa"])], [["kd/1"], ["kd/qa/1"]]);
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

test("a cell's result comes back as it was put, under any name, to the byte", async (open, path) => {
  const folder = await open();
  folder.put(small, result("qa/small", 1 / 3));
  folder.put({ ...small, method: "beta_0.5" }, folder.resultOf(small));
  assertEquals(folder.resultOf({ ...small, method: "beta_0.5" }), folder.resultOf(small));
  await folder.write();
  const lines = (await Deno.readTextFile(`${path}/items.csv`)).trimEnd().split("\n").slice(1);
  const of = (method: string) =>
    lines.filter((line) => line.includes(`,${method},`)).map((line) => line.replace(method, ""));
  assertEquals(of("kd"), of("beta_0.5"));
});

const pairs = (...firsts: readonly string[]) =>
  firsts.map((first) => ({ prompt: "a", first, second: "c", label: 1, oracle: "metric", round: 1 }));
const learned = (...firsts: readonly string[]) => ({ ...result("dolly", 0.5), pairs: pairs(...firsts) });

test(
  "pairs are a line each behind their cell, in the cell's order, and in a file only where there are some",
  async (open, path) => {
    const folder = await open();
    const isThere = async () => (await Array.fromAsync(Deno.readDir(path), ({ name }) => name)).includes("pairs.jsonl");
    const [kd, dpo] = [{ method: "kd", seed: 1 }, { method: "dpo", seed: 1 }];
    folder.put(kd, result("dolly", 0.5));
    await folder.write();
    assertEquals([await isThere(), "pairs.jsonl" in folder.provenance.files], [false, false]);
    folder.put({ ...dpo, method: "plad" }, learned("x"));
    folder.put(dpo, learned("old"));
    folder.put(dpo, learned("z", "\u202eb"));
    await folder.write();
    const line = (method: string, first: string) =>
      `{"method":"${method}","seed":1,"prompt":"a","first":"${first}","second":"c","label":1,"oracle":"metric","round":1}\n`;
    const text = line("dpo", "z") + line("dpo", "\\u202eb") + line("plad", "x");
    assertEquals(await Deno.readTextFile(`${path}/pairs.jsonl`), text);
    const read = await open();
    assertEquals([read.resultOf(dpo).pairs, "pairs" in read.resultOf(kd)], [pairs("z", "\u202eb"), false]);
    read.keepCells(new Set(["kd/1"]), undefined);
    await read.write();
    assertEquals(await isThere(), false);
  },
);

test("pairs of a task's cell are its own", async (open, path) => {
  const folder = await open();
  for (const cell of [large, small]) folder.put(cell, { ...result(cell.task, 0.5), pairs: pairs(cell.task) });
  await folder.write();
  const keys = (await Deno.readTextFile(`${path}/pairs.jsonl`)).split("\n").map((line) => line.slice(0, 35));
  assertEquals(keys, ['{"method":"kd","task":"qa/large","s', '{"method":"kd","task":"qa/small","s', ""]);
  assertEquals((await open()).resultOf(small).pairs, pairs("qa/small"));
});

test("rows of other cells are forgotten, each in its own file", async (open) => {
  const folder = await open();
  for (const cell of [small, large, { ...small, seed: 2 }]) folder.put(cell, result(cell.task, 0.5));
  folder.keepCells(new Set(["kd/qa/small/2"]), TASKS);
  const seeds = [folder.scores, folder.items, folder.curves, folder.samples].map((
    rows,
  ) => [...new Set(rows.map(({ seed }) => seed))]);
  assertEquals(seeds, [[2], [2], [2], [2]]);
});
