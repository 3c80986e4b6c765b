import { assertEquals } from "@std/assert";
import { compareResults } from "./compare_results.ts";
import { COMPARISON_FORMATS, formatComparison, formatComparisonHtml } from "./comparison_formats.ts";
import { ResultsHistory } from "#lib/results/results_version.ts";
import { changeScores, drawScores, resultFiles, TestFolder, type TestRow } from "./test_results.ts";
import { DISPLAY } from "#lib/reporting/test_display.ts";

// After a change that is meant, look at what this writes:
//     deno test --allow-read --allow-write --allow-run=git lib/comparison/comparison_formats_test.ts -- --update
const UPDATE = Deno.args.includes("--update");
const EXPERIMENT = "instruction_following";

type Scores = TestRow["scores"];

const [ammd, gkd, kd, teacher] = ["ammd", "gkd", "kd", "teacher"].map((name) => drawScores(name, { level: 0.5 }));
const lengths = drawScores("lengths", { level: 7, residualSd: 1 });
const distances = drawScores("distances", { level: 0.4, items: 30, seedSd: 0.01 });
const first = (scores: Scores, count: number): Scores => new Map([...scores].slice(0, count));
const cut = (scores: Scores, items: number): Scores =>
  new Map([...scores].map(([seed, values]) => [seed, Array<number>(values.length - items).fill(values[0])]));

function row(method: string, scores: Scores, dataset = "dolly", metric = "rouge_l", hasItems = true): TestRow {
  return { method, dataset, metric, scores, hasItems };
}

function rowsBefore(): TestRow[] {
  return [
    ...[row("ammd", ammd), row("gkd", gkd), row("kd", kd), row("teacher", first(teacher, 1))],
    ...[row("ammd", lengths, "held_out", "response_tokens"), row("ammd", distances, "held_out", "d_on", false)],
    ...[row("kd", cut(kd, 0), "vicuna", "exact_match"), row("minillm", kd), row("minillm", kd, "vicuna")],
  ];
}

function rowsAfter(): TestRow[] {
  const real = { shift: 0.03, seedSd: 0.007, itemSd: 0.05 };
  return [
    ...[row("ammd", changeScores(ammd, real)), row("gkd", drawScores("gkd again", { level: 0.5 }))],
    ...[row("kd", drawScores("kd again", { level: 0.5, seeds: [6, 7, 8] })), row("teacher", teacher)],
    row("ammd", changeScores(lengths, { shift: -1, seedSd: 0.2, itemSd: 0.5 }), "held_out", "response_tokens"),
    row("ammd", changeScores(distances, { shift: -0.04, seedSd: 0.01 }), "held_out", "d_on", false),
    ...[row("kd", cut(kd, 10), "vicuna", "exact_match"), row("abkd", kd), row("abkd", kd, "vicuna"), row("akl", kd)],
  ];
}

/** Of the form in which settings, device and code are told cell by cell. */
function provenance(beta: number, deno: string, commit: string, hash: string): string {
  const cell = { commit, dirty: commit.startsWith("2"), environment: "e", sources: "c", wallSeconds: beta };
  const methods = ["ammd", "gkd", "kd"];
  return JSON.stringify({
    format: 2,
    environments: { e: { adapter: "llvmpipe", deno } },
    settings: {
      a: { ammd: { beta }, distillation: { steps: 150 } },
      o: { distillation: { steps: 150 }, ...beta === 1 ? { gkd: { weight: 0.5 }, note: "" } : {} },
    },
    sources: {
      c: { "lib/x.ts": hash, "lib/y.ts": "same", "kernel matmul": hash, "package zod": `npm:zod@4.6.${hash}` },
    },
    data: { vocabulary: 285 },
    cells: Object.fromEntries(
      methods.map((method) => [`${method}/1`, { ...cell, settings: method === "ammd" ? "a" : "o" }]),
    ),
  });
}

function project(version: string): Record<string, string> {
  return {
    "deno.json": JSON.stringify({ imports: { zod: `npm:zod@${version}`, "#lib/": "./lib/" } }),
    "deno.lock": JSON.stringify({ npm: { [`zod@${version}`]: {}, "vega-lite@6.5.0_vega@6.4.0": {} } }),
  };
}

async function comparison() {
  await using folder = await TestFolder.create();
  const path = `results/tiny/${EXPERIMENT}`;
  await folder.write({
    ...resultFiles(EXPERIMENT, rowsBefore()),
    ...resultFiles("distances", [row("kd", kd)]),
    [`${path}/provenance.json`]: provenance(0.5, "2.9.5", "1".repeat(40), "6"),
    [`${path}/curves.csv`]: "experiment,method,seed,step,measure,value\nx,ammd,1,0,loss,2\nx,ammd,1,1,loss,1\n",
    [`${path}/samples.jsonl`]: '{"method":"ammd"}\n',
    ...project("4.6.6"),
  });
  await folder.commit("before");
  await folder.write({
    ...resultFiles(EXPERIMENT, rowsAfter()),
    ...resultFiles("ablations", [row("ammd", ammd), row("head_mlp", ammd)]),
    "results/tiny/distances/scores.csv": undefined,
    "results/tiny/distances/items.csv": undefined,
    [`${path}/provenance.json`]: provenance(1, "2.9.6", "2".repeat(40), "7"),
    [`${path}/curves.csv`]:
      "experiment,method,seed,step,measure,value,task\nx,ammd,1,0,loss,2,a\nx,ammd,1,1,loss,1.5,a\n",
    ...project("4.6.7"),
  });
  await folder.commit("after");
  const history = new ResultsHistory(`${folder.path}/results`);
  return await compareResults(
    await history.openCommit("HEAD~1"),
    await history.openCommit("HEAD"),
    undefined,
    Object.keys(DISPLAY),
  );
}

Deno.test("a comparison of two commits is written as it was looked at", async () => {
  const compared = await comparison();
  const texts = {
    ...Object.fromEntries(
      COMPARISON_FORMATS.map((format) => [`diff.${format}`, formatComparison(compared, format, DISPLAY)]),
    ),
    "diff_html.txt": formatComparisonHtml(compared, DISPLAY),
  };
  for (const [name, text] of Object.entries(texts)) {
    const file = new URL(`testdata/${name}`, import.meta.url);
    if (UPDATE) await Deno.writeTextFile(file, text);
    assertEquals(text, await Deno.readTextFile(file), name);
  }
});
