import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { compareResults } from "./compare_results.ts";
import { type Comparison, isSame } from "./comparison.ts";
import { formatComparison, formatComparisonHtml } from "./comparison_formats.ts";
import { ResultsHistory } from "#lib/results/results_version.ts";
import { changeScores, drawScores, resultFiles, TestFolder, type TestRow } from "./test_results.ts";

const EXPERIMENT = "instruction_following";
const FOLDER = `results/tiny/${EXPERIMENT}`;

function row(method: string, scores: TestRow["scores"], dataset = "dolly", metric = "rouge_l"): TestRow {
  return { method, dataset, metric, scores };
}

/** Compares HEAD~1 and HEAD of a repository that is made of two sets of files. */
async function compareCommits(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string | undefined>>,
): Promise<Comparison> {
  await using folder = await TestFolder.create();
  await folder.write(before);
  await folder.commit("before");
  await folder.write(after);
  await folder.commit("after");
  const history = new ResultsHistory(`${folder.path}/results`);
  return await compareResults(await history.openCommit("HEAD~1"), await history.openCommit("HEAD"));
}

async function compareRowSets(before: readonly TestRow[], after: readonly TestRow[]): Promise<Comparison> {
  return await compareCommits(resultFiles(EXPERIMENT, before), resultFiles(EXPERIMENT, after));
}

const ammd = drawScores("ammd", { level: 0.5 });
const gkd = drawScores("gkd", { level: 0.5 });
const improved = changeScores(ammd, { shift: 0.03, seedSd: 0.007, itemSd: 0.05 });

Deno.test("a real change of 3 points on 5 seeds is larger than the noise, and it alone is told", async () => {
  const { experiments: [{ changed, added, missing }] } = await compareRowSets(
    [row("ammd", ammd), row("gkd", gkd)],
    [row("ammd", improved), row("gkd", gkd)],
  );
  assertEquals([added, missing], [[], []]);
  assertEquals(changed.map(({ method, verdict, quality, overItems }) => [method, verdict, quality, overItems]), [
    ["ammd", "larger", "better", true],
  ]);
  assert(Math.abs(changed[0].change - 0.03) < 0.01);
});

Deno.test("a run with other seeds, or other draws of the same seeds, is within the noise", async () => {
  for (const seeds of [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]]) {
    const methods = ["ammd", "gkd", "kd", "sft"];
    const rows = (run: string, seeds: readonly number[]) =>
      methods.map((method) => row(method, drawScores(`${method} ${run}`, { level: 0.5, seeds })));
    const { experiments: [{ changed }] } = await compareRowSets(rows("first", [1, 2, 3, 4, 5]), rows("again", seeds));
    assertEquals(changed.map(({ verdict }) => verdict), methods.map(() => "within"));
    assertEquals(new Set(changed.map(({ pairedSeeds }) => pairedSeeds)), new Set([seeds[0] === 1]));
  }
});

Deno.test("p is corrected for the changed rows of the same data set and metric, not for others", async () => {
  const methods = ["ammd", "gkd", "kd"];
  const rows = (shift: number) =>
    ["dolly", "vicuna"].flatMap((dataset, i) =>
      methods.slice(i).map((method) =>
        row(
          method,
          changeScores(drawScores(method, { level: 0.4 }), { shift, seedSd: shift && 0.01, itemSd: shift && 0.05 }),
          dataset,
        )
      )
    );
  const { experiments: [{ changed }] } = await compareRowSets(rows(0), rows(0.02));
  const least = (dataset: string) => {
    const ofSet = changed.filter((each) => each.dataset === dataset).sort((a, b) => a.p! - b.p!);
    return ofSet[0].correctedP! / ofSet[0].p!;
  };
  assertEquals([least("dolly").toFixed(9), least("vicuna").toFixed(9)], ["3.000000000", "2.000000000"]);
});

Deno.test("one seed on a side does not tell", async () => {
  const one = new Map([...improved].slice(0, 1));
  const { experiments: [{ changed: [{ verdict, p, correctedP }] }] } = await compareRowSets(
    [row("ammd", ammd)],
    [row("ammd", one)],
  );
  assertEquals([verdict, p, correctedP], ["untellable", undefined, undefined]);
});

Deno.test("columns that were added, removed or put in another order are told and change no row", async () => {
  const files = resultFiles(EXPERIMENT, [row("ammd", ammd)]);
  const scores = files[`${FOLDER}/scores.csv`].split("\n").slice(1, -1).map((line) => line.split(","));
  const rewritten = [
    "seed,method,note,dataset,metric,value",
    ...scores.map(([, method, dataset, metric, seed, value]) =>
      `${seed},${method},"a ""note"", long",${dataset},${metric},${value}`
    ),
  ].join("\n");
  const { experiments: [{ changed, columns }] } = await compareCommits(files, { [`${FOLDER}/scores.csv`]: rewritten });
  assertEquals(changed, []);
  assertEquals(columns, [
    {
      file: "scores.csv",
      added: ["note"],
      removed: ["experiment", "count", "task", "size", "decoding"],
      isReordered: true,
    },
  ]);
});

Deno.test("a broken file of either commit is named with its line", async () => {
  const files = resultFiles(EXPERIMENT, [row("ammd", ammd)]);
  const [scores, items] = [`${FOLDER}/scores.csv`, `${FOLDER}/items.csv`];
  const broken: [Record<string, string>, RegExp][] = [
    [
      { [scores]: files[scores].replace(/,0\.\d+,60,/, ",0.5x,60,") },
      /^[0-9a-f]{7}:results\/tiny\/instruction_following\/scores\.csv, line 2: value is "0\.5x" but must be a number$/,
    ],
    [{ [items]: files[items].replace(/ 0\.\d+,/, " nan,") }, /items\.csv, line 2: values: item 60 is "nan"/],
    [
      { [scores]: files[scores] + files[scores].split("\n")[1] + "\n" },
      /scores\.csv, line 7: a second score for ammd dolly rouge_l 1$/,
    ],
    [
      { [scores]: "method,dataset\n" },
      /scores\.csv, line 1: no column metric or seed or value; its header is "method,dataset"$/,
    ],
    [{ [`${FOLDER}/curves.csv`]: "step,value\n1,x\n" }, /curves\.csv, line 2: value is "x"/],
  ];
  for (const [change, message] of broken) {
    const error = await assertRejects(() => compareCommits(files, change), InputError);
    assert(message.test(error.message), error.message);
  }
});

Deno.test("curves, samples and items that differ are told by how many rows", async () => {
  const files = { ...resultFiles(EXPERIMENT, [row("ammd", ammd)]) };
  const [curves, samples] = [`${FOLDER}/curves.csv`, `${FOLDER}/samples.jsonl`];
  const comparison = await compareCommits(
    { ...files, [curves]: "step,value\n1,2\n2,3\n3,4\n", [samples]: '{"a":1}\n' },
    { [curves]: "value,step\n2,1\n3.5,2\n4,3\n", [samples]: '{"a":1}\n{"a":1}\n' },
  );
  assertEquals(comparison.experiments[0].files, [
    { file: "curves.csv", rowsBefore: 3, rowsAfter: 3, onlyBefore: 1, onlyAfter: 1 },
    { file: "samples.jsonl", rowsBefore: 1, rowsAfter: 2, onlyBefore: 0, onlyAfter: 1 },
  ]);
  const removed = await compareCommits({ ...files, [curves]: "step,value\n1,2\n" }, { [curves]: undefined });
  assertStringIncludes(formatComparison(removed, "md"), "curves.csv: missing, had 1 rows");
});

Deno.test("the same results are the same, whatever they took", async () => {
  const files = resultFiles(EXPERIMENT, [row("ammd", ammd)]);
  const provenance = (wallSeconds: number) =>
    JSON.stringify({ cells: { "ammd, seed 1": { commit: "a", wallSeconds } } });
  const comparison = await compareCommits(
    { ...files, [`${FOLDER}/provenance.json`]: provenance(1) },
    { [`${FOLDER}/provenance.json`]: provenance(2), [`${FOLDER}/table.md`]: "another" },
  );
  assert(isSame(comparison));
  const text = formatComparison(comparison, "md");
  assertEquals(text.split("\n").length, 2, text);
  assertEquals(formatComparison(comparison, "csv").split("\n").length, 2);
});

Deno.test("provenance that is not JSON is told, and stops nothing", async () => {
  const path = `${FOLDER}/provenance.json`;
  const comparison = await compareCommits(
    { ...resultFiles(EXPERIMENT, [row("ammd", ammd)]), [path]: "{}" },
    { ...resultFiles(EXPERIMENT, [row("ammd", improved)]), [path]: "{" },
  );
  assertEquals(comparison.notes.length, 1);
  assertStringIncludes(comparison.notes[0], `${path} is not JSON`);
});

Deno.test("hostile names come out as text in Markdown and HTML, and nothing reaches a terminal unseen", async () => {
  const hostile = ["<script>alert(1)</script>", "red \u001b[31m", "bidi \u202e txt", "a|b `c` [d](e)", "new\nline"];
  const comparison = await compareCommits(
    resultFiles("<b>", [...hostile.map((name) => row(name, ammd)), row("ammd", ammd, hostile[0])]),
    resultFiles("<b>", hostile.map((name) => row(name, improved, "dolly", "rouge_l"))),
  );
  const [markdown, json, csv] = (["md", "json", "csv"] as const).map((format) => formatComparison(comparison, format));
  const html = formatComparisonHtml(comparison);
  for (const text of [markdown, json, csv, html]) {
    // deno-lint-ignore no-control-regex
    assertEquals(/[\u0000-\u0009\u000b-\u001f\u007f\u200e\u200f\u202a-\u202e\u2066-\u2069]/.exec(text), null);
  }
  assertStringIncludes(markdown, "\\<script\\>alert(1)\\</script\\>");
  assertStringIncludes(markdown, "a\\|b \\`c\\` \\[d\\](e)");
  assertStringIncludes(markdown, "### tiny/\\<b\\>");
  assertEquals(/<(script|b)>/.test(html), false);
  assertStringIncludes(html, "&lt;script&gt;alert(1)&lt;/script&gt;");
  assertEquals(
    JSON.parse(json).experiments[0].changed.map(({ method }: { method: string }) => method).sort(),
    hostile.sort(),
  );
});

/** 1,200 rows of scores, with 200 items each, of which every one differs from those of another name. */
function manyRows(name: string): Record<string, string> {
  const pool = Array.from({ length: 20 }, (_, i) => [...drawScores(`${name} ${i}`, { level: 0.5, items: 200 })])
    .map((bySeed) =>
      bySeed.map(([, values]) => ({
        value: (values.reduce((sum, each) => sum + each, 0) / 200).toFixed(6),
        items: values.map((value) => value.toFixed(4)).join(" "),
      }))
    );
  const rows = Array.from({ length: 1200 }, (_, i) => {
    const [method, dataset, metric, seed] = [
      Math.floor(i / 400),
      Math.floor(i / 50) % 8,
      Math.floor(i / 5) % 10,
      i % 5,
    ];
    const key = `x,method_${method},set_${dataset},metric_${metric},${seed + 1}`;
    return { key, ...pool[(method + dataset + metric) % 20][seed] };
  });
  return {
    [`${FOLDER}/scores.csv`]: [
      "experiment,method,dataset,metric,seed,value,count",
      ...rows.map(({ key, value }) => `${key},${value},200`),
    ].join("\n"),
    [`${FOLDER}/items.csv`]: [
      "experiment,method,dataset,metric,seed,values",
      ...rows.map(({ key, items }) => `${key},${items}`),
    ].join("\n"),
  };
}

Deno.test("many rows of scores with many items each are compared row by row, over their items", async () => {
  await using folder = await TestFolder.create();
  await folder.write(manyRows("before"));
  await folder.commit("before");
  await folder.write(manyRows("after"));
  await folder.commit("after");
  const history = new ResultsHistory(`${folder.path}/results`);
  const comparison = await compareResults(await history.openCommit("HEAD~1"), await history.openCommit("HEAD"));
  assertEquals(comparison.experiments[0].changed.length, 240);
  assert(comparison.experiments[0].changed.every(({ overItems }) => overItems));
  assertStringIncludes(formatComparison(comparison, "md"), "240 within the noise");
});
