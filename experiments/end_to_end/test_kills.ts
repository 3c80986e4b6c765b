import { assert, assertEquals } from "@std/assert";
import { RandomStream } from "#lib/random/random_stream.ts";
import { runProgram } from "./test_run.ts";

const PROGRAM = new URL("../main.ts", import.meta.url).href;

/** What is to be killed, and how often. */
export interface Kills {
  /** Arguments of the program, without its results folder. */
  readonly args: readonly string[];
  readonly kills: number;
  /** Changes of files that a life lasts, in the mean; each lasts from a quarter to seven quarters of that. */
  readonly meanChanges: number;
  readonly experiments: readonly string[];
}

/**
 * Kills a run again and again, saving after every step, and checks that what it comes to in the end is `expected`: the results folder of the
 * same run without a stop. A life lasts as long as some number of changes on the disk, so that a kill can come anywhere in the work, and in the
 * middle of a file, however fast the machine is.
 */
export async function assertSurvives(
  { args, kills, meanChanges, experiments }: Kills,
  expected: string,
): Promise<void> {
  const random = new RandomStream(5, "moments to kill at");
  const folder = await Deno.makeTempDir();
  const words = [...args, "--results", folder, "--checkpoint-every", "0"];
  try {
    for (let killed = 0; killed < kills;) {
      const changes = Math.ceil(meanChanges * (0.25 + 1.5 * random.uniform()));
      if (await killedAfter(words, folder, changes)) killed++;
      // It came to its end before: the other kills are of a run from the start.
      else for (const { name } of Deno.readDirSync(folder)) await Deno.remove(`${folder}/${name}`, { recursive: true });
    }
    const { status, reported } = await runProgram(...words);
    assertEquals(status, 0, reported);
    for (const experiment of experiments) await assertSameFiles(folder, expected, `smoke/${experiment}`);
    assert(goneOnWith(`${folder}/.state/smoke/logs`) > 0, "no cell was killed while it ran");
    assertEquals(filesIn(folder).filter((file) => /\.part$|\.damaged$|\/cells\/./.test(file)), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Starts the program and kills it after so many changes in its folder; whether it was still running then. */
export async function killedAfter(args: readonly string[], folder: string, changes: number): Promise<boolean> {
  const watcher = Deno.watchFs(folder);
  const words = ["run", "--quiet", "--allow-all", PROGRAM, ...args];
  const process = new Deno.Command("deno", { args: words, stdout: "null", stderr: "null" }).spawn();
  let left = changes;
  let hasEnded = false;
  const status = process.status.finally(() => {
    hasEnded = true;
    watcher.close();
  });
  for await (const _change of watcher) {
    if (--left === 0 && !hasEnded) process.kill("SIGKILL");
  }
  return (await status).signal === "SIGKILL";
}

async function assertSameFiles(folder: string, expected: string, place: string): Promise<void> {
  for (const { name } of Deno.readDirSync(`${expected}/${place}`)) {
    if (name === "provenance.json") continue;
    const [own, other] = await Promise.all([folder, expected].map((at) => Deno.readTextFile(`${at}/${place}/${name}`)));
    assert(own === other, `${place}/${name} differs`);
  }
}

/** How many cells have been begun more than once, by their logs. */
function goneOnWith(logs: string): number {
  const begun = filesIn(logs).map((file) =>
    Deno.readTextFileSync(file).match(/^ +\d+\.\d s {2}starts$/gm)?.length ?? 0
  );
  return begun.filter((times) => times > 1).length;
}

function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesIn(`${folder}/${name}`) : [`${folder}/${name}`]
  );
}
