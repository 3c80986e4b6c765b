import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runShell } from "#lib/runner/test_process.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { begunIn, resultFiles, SlurmCluster, until, whyNoSlurm } from "./test_slurm.ts";

// Grids on a real Slurm of two nodes; a run on this machine shows what must come out.

const cannotRun = await whyNoSlurm();
const EXPERIMENT = "instruction_following";
const TABLE = ["reproduce", EXPERIMENT, "--profile", "smoke"];
/** Enough steps that both are still training when something happens to them. */
const LONG = [...TABLE, "--seeds", "10", "--methods", "kd,ammd_sft", "--set", "distillation.steps=60"];
const METHODS = ["kd", "ammd_sft"];
const SAVING = ["--checkpoint-every", "0"];
const ON_SLURM = ["--executor", "slurm"];

type Files = Readonly<Record<string, string>>;

function assertSameFiles(folder: string, wanted: Files): void {
  const found = resultFiles(folder);
  assertEquals(Object.keys(found).sort(), Object.keys(wanted).sort());
  for (const [path, text] of Object.entries(wanted)) assert(found[path] === text, `${path} differs`);
}

const logs = new Map<string, Files>();

/** What a run on this machine gives, made once. */
async function localFiles(cluster: SlurmCluster, folder: string, args: readonly string[]): Promise<Files> {
  const key = args.join(" ");
  if (!logs.has(key)) {
    const { code, out } = await cluster.run(...args, "--quiet", "--results", folder);
    assertEquals(code, 0, out);
    logs.set(key, resultFiles(folder));
  }
  return logs.get(key)!;
}

async function logOf(folder: string, method: string): Promise<string> {
  return await Deno.readTextFile(`${folder}/.state/smoke/logs/${EXPERIMENT}/${method}_10.log`).catch(() => "");
}

/** How often a cell of `LONG` has come to a step. */
async function timesAt(folder: string, method: string, step: number): Promise<number> {
  return (await logOf(folder, method)).split(` step ${step} of 60`).length - 1;
}

async function reachStep(folder: string, method: string, step: number): Promise<void> {
  await until(`${method} is at step ${step}`, async () => await timesAt(folder, method, step) > 0);
}

/** The process that last began a cell, by its log. */
async function processOf(folder: string, method: string): Promise<number> {
  return Number([...(await logOf(folder, method)).matchAll(/, process (\d+): /g)].at(-1)![1]);
}

/** The node that a cell runs on, and the job and task. */
async function placeOf(cluster: SlurmCluster, folder: string, method: string): Promise<{ node: "n1" | "n2" }> {
  const { out } = await cluster.run("status", EXPERIMENT, "--profile", "smoke", "--results", folder, ...LONG.slice(-2));
  const [, node] = new RegExp(`^ {2}${method}/10: running: on (n[12])`, "m").exec(out) ?? [];
  assert(node === "n1" || node === "n2", out);
  return { node };
}

async function signal(name: string, id: number): Promise<void> {
  assertEquals((await runShell('kill "-$1" "$2"', name, String(id))).code, 0);
}

/** That a grid ended well, with the files of a run without trouble, and nothing begun anew or twice. */
async function assertWhole(folder: string, { code, out }: { code: number; out: string }, wanted: Files): Promise<void> {
  assertEquals(code, 0, out);
  assertSameFiles(folder, wanted);
  for (const method of METHODS) assertEquals(await timesAt(folder, method, 6), 1, `${method} was begun anew`);
  assertEquals([...new Set(Object.values(begunIn(folder, EXPERIMENT)))], [1]);
}

testInFolder(
  "grids on Slurm give the files of this machine, whatever happens to tasks, nodes and the controller",
  async (folder) => {
    await using cluster = await SlurmCluster.start(`${folder}/slurm`);
    const whole = await localFiles(cluster, `${folder}/whole`, LONG);
    const start = (results: string, ...args: string[]) =>
      cluster.run(...LONG, ...SAVING, ...ON_SLURM, "--results", results, ...args);
    console.log("whole");

    {
      const args = [...TABLE, "--seeds", "10,20", "--methods", "sft,kd"];
      const [here, there] = [`${folder}/here`, `${folder}/there`];
      const wanted = await localFiles(cluster, here, args);
      const { code, out } = await cluster.run(...args, ...ON_SLURM, "--results", there);
      assertEquals(code, 0, out);
      assertMatch(
        out,
        /^submitted 4 cells as jobs teacher-llama \d+, students-llama \d+, cells-llama \d+, tables \d+;/m,
      );
      assertSameFiles(there, wanted);
      assertEquals(begunIn(there, EXPERIMENT), {
        "llama: sft, seed 10": 1,
        "llama: sft, seed 20": 1,
        "llama: teacher": 1,
      });
      const again = await cluster.run(...args, ...ON_SLURM, "--results", there);
      assertEquals(again.code, 0, again.out);
      assertMatch(again.out, /^cached 4\/4; nothing to submit$/m);
      console.log("same files");
    }

    {
      const results = `${folder}/killed`;
      const grid = start(results);
      await reachStep(results, "ammd_sft", 12);
      await signal("KILL", await processOf(results, "ammd_sft"));
      await assertWhole(results, await grid, whole);
      console.log("a task that is killed");
    }

    {
      const results = `${folder}/cancelled`;
      const grid = start(results);
      await reachStep(results, "ammd_sft", 12);
      assertMatch((await cluster.run("cancel", "--results", results)).out, /^cancelled \d+/m);
      const { code, out } = await grid;
      assertEquals(code, 1, out);
      assertMatch(out, /^missing: instruction_following\/ammd_sft\/10: cancelled\n {2}log: /m);
      await assertWhole(results, await start(results), whole);
      console.log("scancel");
    }

    {
      const results = `${folder}/controller`;
      const grid = start(results);
      await reachStep(results, "kd", 12);
      await cluster.daemon("kill", "controller");
      await new Promise((resolve) => setTimeout(resolve, 3000));
      await cluster.daemon("begin", "controller");
      await assertWhole(results, await grid, whole);
      console.log("controller");
    }
  },
  { cannotRun },
);
