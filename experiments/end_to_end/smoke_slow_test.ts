import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseCurves } from "#lib/results/curves_csv.ts";
import { parseScores, type ScoreRow } from "#lib/results/scores_csv.ts";
import { ablations } from "#experiments/tables/ablations.ts";
import { EXPERIMENTS } from "#experiments/main.ts";
import { assertSurvives } from "./test_kills.ts";
import { type ProgramRun, runProgram, testInFolder } from "./test_run.ts";

// Every experiment with every method, on next to nothing: that all of it runs, and what must hold at any size.

const SETS = ["dolly", "self_instruct", "sni", "unni", "vicuna"];
/** Experiments that choose a setting of all others, for which the evaluation sets are out of bounds. */
const CHOSEN = ["learning_rates", "preference_rates"];
/** Experiments without students that write. */
const ENUMERATED = ["imitation_gap", "preference_theory"];
const DISTANCES = ["forward_kl", "reverse_kl", "jensen_shannon", "total_variation", "d"];
const METRICS: Readonly<Record<string, string>> = { samsum: "rouge_l", iwslt: "bleu", strategyqa: "accuracy" };
const NAMES = EXPERIMENTS.map(({ name }) => name);
const REPRODUCE = ["reproduce", "--profile", "smoke", "--seeds", "10", "--quiet"];

const read = (folder: string, experiment: string, file: string) =>
  Deno.readTextFile(`${folder}/smoke/${experiment}/${file}`);

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, sanitizeResources: false, fn });
}

async function scoresOf(folder: string, experiment: string): Promise<ScoreRow[]> {
  return parseScores(await read(folder, experiment, "scores.csv"), `${experiment}/scores.csv`);
}

const EVERYTHING = [...REPRODUCE.toSpliced(1, 0, ...NAMES)];

/** Everything, run without a stop: two tests look at it. */
interface WholeRun extends ProgramRun {
  readonly folder: string;
}

let whole: Promise<WholeRun> | undefined;

function wholeRun(): Promise<WholeRun> {
  return whole ??= (async () => {
    const folder = await Deno.makeTempDir();
    return { folder, ...await runProgram(...EVERYTHING, "--results", folder) };
  })();
}

Deno.test.afterAll(async () => {
  if (whole) await Deno.remove((await whole).folder, { recursive: true });
});

test("every experiment runs with all its methods, and writes scores, tables and figures", async () => {
  const { folder, status, printed, reported } = await wholeRun();
  assertEquals([status, reported.includes("failed")], [0, false], reported);
  for (const { name, methods, tasks } of EXPERIMENTS) {
    const scores = await scoresOf(folder, name);
    const sets = CHOSEN.includes(name) ? ["validation"] : SETS;
    for (const { name: method } of methods) {
      const own = scores.filter((row) => row.method === method);
      if (tasks) {
        const scored = own.filter(({ dataset }) => tasks.includes(dataset)).map((
          { dataset, metric },
        ) => [dataset, metric]);
        const expected = tasks.map((task) => [task, METRICS[task.split("/")[0]]]);
        assertEquals(scored.sort(), expected.sort(), `${name} ${method}`);
      } else if (!ENUMERATED.includes(name)) {
        const scored = own.filter(({ metric }) => metric === "rouge_l").map(({ dataset }) => dataset);
        assertEquals(scored.sort(), sets, `${name} ${method}`);
      }
      assert(own.length > 0, `${name} ${method}`);
    }
    const files = [...Deno.readDirSync(`${folder}/smoke/${name}`)].map(({ name }) => name);
    assert(files.includes("table.md") && files.some((file) => file.endsWith(".svg")), `${name}: ${files}`);
    assert(!files.some((file) => file.endsWith(".part")));
    assertStringIncludes(printed, (await read(folder, name, "table.md")).split("\n")[0]);
  }
  await checkHeldOut(folder);
  await checkSharing(folder);
  await checkTasks(folder);
  await checkCurves(folder);
});

test("killed at 20 random moments, it goes on each time, and its files are those of a run without a stop", async () => {
  const { folder } = await wholeRun();
  await assertSurvives({ args: EVERYTHING, kills: 20, meanChanges: 550, experiments: NAMES }, folder);
});

/** Every trained student's distances to its teacher, on texts of both. */
async function checkHeldOut(folder: string): Promise<void> {
  const scores = await scoresOf(folder, "instruction_following");
  const students = [...new Set(scores.map(({ method }) => method))].filter((method) => method !== "teacher");
  for (const method of students) {
    const heldOut = new Map(
      scores.filter((row) => row.method === method && row.dataset === "held_out").map((row) => [row.metric, row.value]),
    );
    for (const metric of DISTANCES.flatMap((name) => [`${name}_off`, `${name}_on`])) {
      assert(heldOut.has(metric), `${method} ${metric}`);
    }
    for (const side of ["off", "on"]) {
      const tv = heldOut.get(`total_variation_${side}`)!;
      assert(tv > 0 && tv < 1, `${method} ${tv}`);
      // Pinsker's inequality, which holds in the mean over states as well.
      assert(2 * tv ** 2 <= heldOut.get(`forward_kl_${side}`)! + 1e-6, method);
      assert(heldOut.get(`jensen_shannon_${side}`)! <= Math.LN2);
    }
  }
}

/** One run makes what several tables show: the same student has the same scores in all of them. */
async function checkSharing(folder: string): Promise<void> {
  const of = async (experiment: string, method: string) =>
    (await scoresOf(folder, experiment)).filter((row) => row.method === method)
      .map(({ dataset, metric, value }) => `${dataset} ${metric} ${value}`);
  const ammd = await of("instruction_following", "ammd");
  for (const experiment of ["adversarial_training", "distances", "ablations"]) {
    assertEquals(await of(experiment, "ammd"), ammd, experiment);
  }
  assertEquals(await of("combination_factor", "beta_0.5"), ammd);
  assertEquals(await of("combination_factor", "beta_1"), await of("instruction_following", "ammd_off"));
  // The teacher has seen all records, whatever its students see.
  assertEquals(await of("few_records", "teacher"), await of("instruction_following", "teacher"));
  assert((await of("few_records", "sft")).join() !== (await of("instruction_following", "sft")).join());
  for (const { name } of ablations.methods.slice(2)) assert((await of("ablations", name)).join() !== ammd.join(), name);
}

/** Encoder-decoders: sampled responses and distances beside the likeliest, curves of every task, and what BLEU is made of. */
async function checkTasks(folder: string): Promise<void> {
  const experiment = "task_specific";
  const scores = await scoresOf(folder, experiment);
  const of = (dataset: string, method = "gkd") =>
    new Map(
      scores.filter((row) => row.dataset === dataset && row.method === method).map((row) => [row.metric, row.value]),
    );
  for (const task of ["samsum/base", "iwslt/small", "strategyqa/large"]) {
    const [metric] = of(task).keys();
    assertEquals([...of(`${task}/sampled`).keys()], [metric]);
    const tv = of(`${task}/held_out`).get("total_variation_on")!;
    assert(tv > 0 && tv < 1, `${task} ${tv}`);
  }
  const curves = parseCurves(await read(folder, experiment, "curves.csv"), "curves.csv");
  assert(curves.some(({ task, measure }) => task === "iwslt/small" && measure === "validation_bleu"));
  assert(curves.some(({ task, measure }) => task === "strategyqa/base" && measure === "validation_accuracy"));
  const items = await read(folder, experiment, "items.csv");
  assert(items.includes("bleu.matches_4") && !items.includes(",bleu,"));
  // What two tables show of one student was trained once.
  const beta = (await scoresOf(folder, "task_combination_factor")).filter(({ method }) => method === "beta_0.5");
  for (const { dataset, metric, value } of beta) assertEquals(of(dataset, "ammd").get(metric), value, dataset);
}

/** A student's step has the moments that it descends on; on held-out prompts those of the best response are known on both sides. */
async function checkCurves(folder: string): Promise<void> {
  const curvesOf = async (experiment: string) =>
    parseCurves(await read(folder, experiment, "curves.csv"), "curves.csv");
  const rows = await curvesOf("adversarial_training");
  const moments = (method: string) =>
    [...new Set(rows.filter((row) => row.method === method).map(({ measure }) => measure))]
      .filter((measure) => /(^|_)d_(off|on)$/.test(measure)).sort();
  const onHeldOut = ["validation_d_off", "validation_d_on"];
  assertEquals(moments("ammd_off"), ["d_off", ...onHeldOut]);
  assertEquals(moments("ammd_on"), ["d_on", ...onHeldOut]);
  for (const method of ["ammd", "ammd_learned"]) assertEquals(moments(method), ["d_off", "d_on", ...onHeldOut]);
  const all = await curvesOf("instruction_following");
  assertEquals(all.filter(({ method, measure }) => !method.startsWith("ammd") && onHeldOut.includes(measure)), []);
  assert(all.some(({ method, measure }) => method === "distillm" && measure === "student_share"));
}

testInFolder("methods that write texts as they train give the same bytes twice", async (folder) => {
  const methods = ["instruction_following", "--methods", "imitkd,minillm,gkd,distillm,opd"];
  for (const results of ["first", "second"]) {
    const { status } = await runProgram(...REPRODUCE, ...methods, "--results", `${folder}/${results}`);
    assertEquals(status, 0);
  }
  for (const file of ["scores.csv", "items.csv", "curves.csv", "samples.jsonl"]) {
    assertEquals(
      await read(`${folder}/first`, "instruction_following", file),
      await read(`${folder}/second`, "instruction_following", file),
      file,
    );
  }
});
