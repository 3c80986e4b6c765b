import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { columnsOf } from "./dataset_columns.ts";
import { digestOfJson } from "./digest.ts";
import { parseItems } from "./items_csv.ts";
import { ResultsFolder } from "./results_folder.ts";
import { formatScores, parseScores, readScores, type ScoreRow } from "./scores_csv.ts";

Deno.test("a data set's name is split into task, size and decoding, each of which can be missing", () => {
  const split = (dataset: string, decoding?: string) => Object.values(columnsOf(dataset, decoding)).join(" | ");
  assertEquals(
    ["samsum/base", "samsum/base/sampled", "iwslt/large/held_out", "dolly", "my set", "held_out", "mdp"]
      .map((dataset) => split(dataset)),
    [
      ...["samsum | base | greedy", "samsum | base | sampled", "iwslt | large | held_out"],
      ...["instruction_following |  | sampled", "instruction_following |  | sampled"],
      ...["instruction_following |  | held_out", "mdp |  | "],
    ],
  );
  assertEquals(split("samsum/base", "beam"), "samsum | base | beam");
});

const row = (dataset: string, decoding?: string): ScoreRow => ({
  ...{ experiment: "task_specific", method: "kd", dataset, metric: "rouge_l", seed: 1 },
  ...{ value: 0.5, count: 2, ...decoding === undefined ? {} : { decoding } },
});

Deno.test("the columns stand behind those of before; what the name says is not kept twice, a beam search is", () => {
  const rows = [row("samsum/base", "beam"), row("samsum/base/sampled"), row("samsum/small", "greedy")];
  const text = formatScores(rows);
  assertEquals(text.split("\n").slice(0, 4), [
    "experiment,method,dataset,metric,seed,value,count,task,size,decoding",
    "task_specific,kd,samsum/base,rouge_l,1,0.500000,2,samsum,base,beam",
    "task_specific,kd,samsum/base/sampled,rouge_l,1,0.500000,2,samsum,base,sampled",
    "task_specific,kd,samsum/small,rouge_l,1,0.500000,2,samsum,small,greedy",
  ]);
  assertEquals(parseScores(text, "scores.csv"), [rows[0], rows[1], row("samsum/small")]);
  assertEquals(formatScores(parseScores(text, "scores.csv")), text);
  const { table, rows: recorded } = readScores(text, "scores.csv");
  assertEquals([table.columns.length, recorded.map(({ decoding }) => decoding)], [10, ["beam", undefined, undefined]]);
});

Deno.test("a file with only some of the columns, or in another order, is refused by the runner and read by diff", () => {
  const some = "experiment,method,dataset,metric,seed,value,count,task\ne,kd,dolly,rouge_l,1,0.5,2,x\n";
  const { message } = assertThrows(() => parseScores(some, "scores.csv"), InputError);
  assertStringIncludes(message, 'count,task" but must be "experiment,method,dataset,metric,seed,value,count" or "');
  assertEquals(readScores(some, "scores.csv").rows.length, 1);
});

/** What a file was before data sets had columns of their own. */
function withoutColumns(text: string): string {
  return text.replaceAll(/(,[^,\n]*){3}\n/g, "\n");
}

testInFolder(
  "a folder of before is read, its cells have the same digests, and it is written with the columns",
  async (path) => {
    const folder = await ResultsFolder.open(path, "e");
    const cell = { method: "kd", seed: 1, task: "samsum/base" };
    folder.put(cell, {
      scores: [
        { dataset: "samsum/base", metric: "rouge_l", value: 0.5, count: 2, items: [0, 1] },
        {
          dataset: "samsum/base/sampled",
          metric: "bleu",
          value: 0.25,
          count: 2,
          statistics: { "bleu.totals_1": [3, 4] },
        },
      ],
      curves: [],
      samples: [],
    });
    await folder.write();
    const files = ["scores.csv", "items.csv"].map((name) => `${path}/${name}`);
    const written = await Promise.all(files.map((file) => Deno.readTextFile(file)));
    for (const [i, file] of files.entries()) await Deno.writeTextFile(file, withoutColumns(written[i]));
    assert(!(await Deno.readTextFile(files[0])).includes("decoding"));
    const old = await ResultsFolder.open(path, "e");
    assertEquals(digestOfJson(old.resultOf(cell)), digestOfJson(folder.resultOf(cell)));
    await old.write();
    assertEquals(await Promise.all(files.map((file) => Deno.readTextFile(file))), written);
  },
);

testInFolder("a cell that says beam is recorded so, its items too, also under another name", async (path) => {
  const folder = await ResultsFolder.open(path, "e");
  const cell = { method: "kd", seed: 1, task: "samsum/base" };
  const score = { dataset: "samsum/base", metric: "rouge_l", value: 0.5, count: 2, items: [0, 1], decoding: "beam" };
  folder.put(cell, { scores: [score], curves: [], samples: [] });
  folder.put({ ...cell, method: "beta_0.5" }, folder.resultOf(cell));
  await folder.write();
  for (const name of ["scores.csv", "items.csv"]) {
    const lines = (await Deno.readTextFile(`${path}/${name}`)).trimEnd().split("\n");
    assertEquals(lines.map((line) => line.split(",").at(-1)), ["decoding", "beam", "beam"], name);
  }
  assertEquals(parseItems(await Deno.readTextFile(`${path}/items.csv`), "items.csv")[0].decoding, "beam");
});
