import { assert, assertEquals, assertMatch } from "@std/assert";
import { latestClaim } from "#lib/results/claim_file.ts";
import { runShell } from "#lib/runner/test_process.ts";
import {
  assertSameFiles,
  begunIn,
  type Ended,
  type Files,
  resultFiles,
  SlurmCluster,
  until,
  whyNoSlurm,
} from "./test_slurm.ts";

// Grids on a real Slurm of two nodes: whatever happens to them, the files are those of a run on this machine.

const cannotRun = await whyNoSlurm();
const EXPERIMENT = "instruction_following";
const TABLE = ["reproduce", EXPERIMENT, "--profile", "smoke"];
const METHODS = ["kd", "ammd_sft"];
/** Enough steps that both are still training when something happens to them. */
const longOf = (
  steps: number,
) => [...TABLE, "--seeds", "10", "--methods", METHODS.join(), "--set", `distillation.steps=${steps}`];
const LONG = longOf(60);
const SAVING = ["--checkpoint-every", "0"];
const ON_SLURM = ["--executor", "slurm"];

let folder = "";
let cluster: SlurmCluster;
let whole: Files = {};

if (cannotRun === undefined) {
  Deno.test.beforeAll(async () => {
    folder = await Deno.makeTempDir();
    cluster = await SlurmCluster.start(`${folder}/slurm`);
    whole = await localFiles(`${folder}/whole`, LONG);
  });
  Deno.test.afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
    await Deno.remove(folder, { recursive: true });
  });
}

/** A test with a folder of results of its own. */
function test(name: string, fn: (results: string) => Promise<void>): void {
  Deno.test({
    name: cannotRun === undefined ? name : `${name} (skipped: ${cannotRun})`,
    ignore: cannotRun !== undefined,
    fn: () => fn(`${folder}/${name.replaceAll(/\W+/g, "_")}`),
  });
}

/** What a run on this machine gives. */
async function localFiles(results: string, args: readonly string[]): Promise<Files> {
  const { code, out } = await cluster.run(...args, "--quiet", "--results", results);
  assertEquals(code, 0, out);
  return resultFiles(results);
}

/** Starts the long cells on the cluster, until they have ended. */
function start(results: string, ...args: string[]): Promise<Ended> {
  return cluster.run(...LONG, ...SAVING, ...ON_SLURM, "--results", results, ...args);
}

async function status(results: string): Promise<string> {
  return (await cluster.run("status", ...LONG.slice(1, 4), ...LONG.slice(-2), "--results", results)).out;
}

async function logOf(results: string, method: string): Promise<string> {
  return await Deno.readTextFile(`${results}/.state/smoke/logs/${EXPERIMENT}/${method}_10.log`).catch(() => "");
}

/** How often a cell of `LONG` has come to a step. */
async function timesAt(results: string, method: string, step: number): Promise<number> {
  return (await logOf(results, method)).split(` step ${step} of 60`).length - 1;
}

async function reachStep(results: string, method: string, step: number): Promise<void> {
  await until(`${method} is at step ${step}`, async () => await timesAt(results, method, step) > 0);
}

/** The processes that have begun a cell, by its log. */
async function processesOf(results: string, method: string): Promise<number[]> {
  return [...(await logOf(results, method)).matchAll(/, process (\d+): /g)].map(([, id]) => Number(id));
}

/** The node that a cell runs on, as its claim says. */
async function nodeOf(results: string, method: string): Promise<"n1" | "n2"> {
  const path = `${results}/.state/smoke/locks/computed_${EXPERIMENT}_${method}_10.json.lock`;
  const node = (await latestClaim(path))!.record!.host;
  assert(node === "n1" || node === "n2", node);
  return node;
}

async function signal(name: string, id: number): Promise<void> {
  assertEquals((await runShell('kill "-$1" "$2"', name, String(id))).code, 0);
}

/** That a grid ended well, with the files of a run without trouble, and nothing begun anew or computed twice. */
async function assertWhole(results: string, { code, out }: Ended): Promise<void> {
  assertEquals(code, 0, out);
  assertSameFiles(resultFiles(results), whole);
  for (const method of METHODS) assertEquals(await timesAt(results, method, 6), 1, `${method} was begun anew`);
  assertEquals(new Set(Object.values(begunIn(results, EXPERIMENT))), new Set([1]));
}

test("a grid gives the files of this machine, trains each shared model once, and then has nothing to submit", async (results) => {
  const args = [...TABLE, "--seeds", "10,20", "--methods", "sft,kd"];
  const wanted = await localFiles(`${results}_here`, args);
  const two = ["--per-task", "2", "--array-limit", "1", "--same-adapter"];
  const { code, out } = await cluster.run(...args, ...ON_SLURM, ...two, "--results", results);
  assertEquals(code, 0, out);
  assertMatch(out, /^submitted 4 cells as jobs teacher-llama \d+, students-llama \d+, cells-llama \d+, tables \d+;/m);
  assertSameFiles(resultFiles(results), wanted);
  const shared = { "llama: sft, seed 10": 1, "llama: sft, seed 20": 1, "llama: teacher": 1 };
  assertEquals(begunIn(results, EXPERIMENT), shared);
  const again = await cluster.run(...args, ...ON_SLURM, "--results", results);
  assertEquals(again.code, 0, again.out);
  assertMatch(again.out, /^cached 4\/4; nothing to submit$/m);
  // The same scripts by hand find all of it done.
  const byHand = 'cd "$1"/.state/slurm/2* && SLURM_ARRAY_TASK_ID=1 sh task.sh 3-cells-llama.txt 2>&1';
  const hand = await cluster.shell(byHand, results);
  assertEquals(hand.code, 0, hand.out);
  assertMatch(hand.out, /instruction_following\/\w+\/\d+: is there\n$/);
});

test("a task that is killed is begun again by its script, and goes on", async (results) => {
  const grid = start(results);
  await reachStep(results, "ammd_sft", 12);
  await signal("KILL", (await processesOf(results, "ammd_sft")).at(-1)!);
  await assertWhole(results, await grid);
});

test("what was cancelled in the middle is missing, and the same command goes on with it", async (results) => {
  const grid = start(results);
  await reachStep(results, "ammd_sft", 12);
  assertMatch(await status(results), /^ {2}slurm: .*1 running/m);
  assertMatch((await cluster.run("cancel", "--results", results)).out, /^cancelled \d+/m);
  const { code, out } = await grid;
  assertEquals(code, 1, out);
  assertMatch(out, /^missing: instruction_following\/ammd_sft\/10: cancelled\n {2}log: /m);
  await assertWhole(results, await start(results));
});

test("jobs outlive a controller that is killed and begun again, and so does who follows them", async (results) => {
  const grid = start(results);
  await reachStep(results, "kd", 12);
  await cluster.daemon("kill", "controller");
  await new Promise((resolve) => setTimeout(resolve, 3000));
  await cluster.daemon("begin", "controller");
  await assertWhole(results, await grid);
});

test("a task that comes to its time limit is saved, and goes on when Slurm begins it again", async (results) => {
  const args = longOf(240);
  const limit = ["--slurm-args", "--time=1 --signal=B:USR1@50"];
  const { code, out } = await cluster.run(...args, ...ON_SLURM, ...limit, "--results", results);
  assertEquals(code, 0, out);
  assertSameFiles(resultFiles(results), await localFiles(`${results}_here`, args));
  const began = await Promise.all(METHODS.map((method) => processesOf(results, method)));
  assert(began.flat().length > METHODS.length, "no task came to its limit");
});

test("where a node's daemon dies its task is given to another node, which waits while the first still computes", async (results) => {
  const grid = start(results);
  await reachStep(results, "ammd_sft", 12);
  const node = await nodeOf(results, "ammd_sft");
  await cluster.daemon("kill", node);
  const ended = await grid;
  await cluster.daemon("begin", node);
  await assertWhole(results, ended);
});

test("a node that hangs loses its cell after the lease, and writes no more when it wakes up", async (results) => {
  const grid = start(results, "--lease", "6");
  await reachStep(results, "ammd_sft", 12);
  const hung = (await processesOf(results, "ammd_sft")).at(-1)!;
  await signal("STOP", hung);
  const node = await nodeOf(results, "ammd_sft");
  await cluster.daemon("kill", node);
  await until("another node goes on", async () => (await processesOf(results, "ammd_sft")).at(-1) !== hung);
  await reachStep(results, "ammd_sft", 36);
  await signal("CONT", hung);
  await until("the first sees it", async () => /ended: .*another process took/.test(await logOf(results, "ammd_sft")));
  const ended = await grid;
  await cluster.daemon("begin", node);
  await assertWhole(results, ended);
});

test("a cell that fails by itself fails alone, and is told by who follows, by status, and in the tables", async (results) => {
  const args = [...TABLE, "--seeds", "10", "--methods", "teacher,kd", "--set", "distillation.learningRate=1e30"];
  const { code, out } = await cluster.run(...args, ...ON_SLURM, "--results", results);
  assertEquals(code, 1, out);
  assertMatch(
    out,
    /^missing: instruction_following\/kd\/10: failed: kd, seed 10: (loss|grad_norm) is (NaN|-?Infinity) at /m,
  );
  assertMatch(out, /^recorded 1\/2$/m);
  assertMatch(out, /^\| KD +\| +missing/m);
  const shown = await cluster.run("status", ...args.slice(1, 4), ...args.slice(-2), "--results", results);
  assertMatch(shown.out, /^ {2}kd\/10: failed: kd, seed 10: /m);
});

test("of two people who start the same grid at once one submits the cells, and both see them done", async (results) => {
  const both = await Promise.all([start(results), start(results)]);
  for (const ended of both) await assertWhole(results, ended);
  const all = both.map(({ out }) => out).join("");
  assertEquals([...all.matchAll(/submitted 2 cells as jobs /g)].length, 1, all);
  assertMatch(all, /^2 cells are under way already; nothing else is missing$/m);
});

test("wrong settings are told in a line", async (results) => {
  const refused = async (...args: string[]) => {
    const { code, out } = await start(results, ...args);
    assertEquals(code, 2, out);
    const lines = out.trim().split("\n");
    return lines.at(-1)!;
  };
  assertMatch(await refused("--slurm-args", "--partition=nowhere"), /^error: sbatch refuses: .*[Ii]nvalid partition/);
  assertMatch(await refused("--slurm-args", "--comment='x"), /^error: --slurm-args .*: a quote is not closed$/);
  assertMatch(await refused("--per-task", "0"), /^error: --per-task 0: at least 1$/);
  assertMatch(await refused("--jobs", "2"), /^error: --jobs is for cells that are computed here/);
  // With every program of this machine but those of Slurm.
  const without =
    `mkdir -p "$1" && for f in /usr/bin/*; do case \${f##*/} in sbatch | squeue) ;; *) ln -s "$f" "$1/" ;; esac; done &&
    PATH=$1:$(dirname "$(command -v deno)") && shift && exec ./run "$@" 2>&1`;
  const none = await cluster.shell(without, `${results}/bin`, ...LONG, ...ON_SLURM, "--results", results);
  assertEquals(none.code, 2, none.out);
  assertMatch(
    none.out,
    /^error: there is no sbatch here, which --executor slurm needs; start it on a machine of the cluster, /m,
  );
});

test("nodes that do not see the results, or may not write them, are told in a line before anything is submitted", async (results) => {
  const limited = (limit: string) =>
    cluster.run(
      ...TABLE,
      "--seeds",
      "10",
      "--methods",
      "sft",
      ...ON_SLURM,
      "--slurm-args",
      limit,
      "--results",
      results,
    );
  await Deno.mkdir(results);
  await cluster.daemon("kill", "n2");
  await cluster.daemon("blind", "n2", results);
  const unseen = await limited("--nodelist=n2");
  await cluster.daemon("kill", "n2");
  await cluster.daemon("begin", "n2");
  assertEquals(unseen.code, 2, unseen.out);
  assertMatch(
    unseen.out,
    /^error: a node that was asked what it is \(job \d+\): .*must lie (on a file system|where all nodes)/m,
  );
});
