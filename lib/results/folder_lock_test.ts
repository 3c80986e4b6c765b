import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { StorageError } from "#lib/errors.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { lockFolder } from "./folder_lock.ts";
import { firstOutput, killProgram, runShell, startProgram } from "#lib/runner/test_process.ts";

/** A program that holds a folder until it is killed, and has a child process of its own, whose id it prints. */
const holder = (folder: string) => `
  import { lockFolder } from "#lib/results/folder_lock.ts";
  const lock = await lockFolder(${JSON.stringify(folder)}, ["reproduce", "--profile", "smoke"]);
  const child = new Deno.Command("sh", { args: ["-c", "exec tail -f /dev/null"], stdout: "null", stderr: "null" }).spawn();
  console.log(child.pid);
  await child.status;`;

const unix = Deno.build.os === "windows" ? "needs sh" : undefined;

async function refusal(folder: string): Promise<string> {
  const { message } = await assertRejects(() => lockFolder(folder, []), StorageError);
  assert(!message.includes("\n"), message);
  return message;
}

testInFolder(
  "a folder that another process holds is refused by its name, until that is killed: not until its children end",
  async (folder) => {
    const results = `${folder}/results`;
    const process = await startProgram(folder, "holder", holder(results));
    const child = Number(await firstOutput(process));
    assert(child > 0, "the holder does not run");
    try {
      assertMatch(
        await refusal(results),
        new RegExp(
          `^${results}/ is in use by process ${process.pid} since (\\d{4}-\\d\\d-\\d\\d )?\\d\\d:\\d\\d UTC ` +
            "\\(\\./run reproduce --profile smoke\\); wait for it, stop it, or take another folder with --results DIR$",
        ),
      );
      await killProgram(process);
      assertEquals((await runShell(`kill -0 ${child}`)).code, 0); // it is there still
      using _lock = await lockFolder(results, []);
    } finally {
      await runShell(`kill -9 ${child}`);
    }
  },
  { cannotRun: unix },
);

testInFolder("of processes that start at once one gets the folder, and the others tell which", async (folder) => {
  const program = `
    import { lockFolder } from "#lib/results/folder_lock.ts";
    try { const lock = await lockFolder(${JSON.stringify(folder)}); console.log("has it"); }
    catch (error) { console.log(error.message); }
    setInterval(() => {}, 1000);`;
  const processes = await Promise.all(["a", "b", "c"].map((name) => startProgram(folder, name, program)));
  const said = await Promise.all(processes.map(firstOutput));
  await Promise.all(processes.map(killProgram));
  const winner = said.findIndex((text) => text === "has it\n");
  for (const [i, text] of said.entries()) {
    // A loser may look before the winner has written its name.
    const others = new RegExp(`is in use by (process ${processes[winner]?.pid} since|another process;)`);
    assertMatch(text, i === winner ? /^has it\n$/ : others);
  }
});

testInFolder("a folder that was given back is free, and git does not see what was kept there", async (folder) => {
  for (let i = 0; i < 2; i++) {
    using _lock = await lockFolder(`${folder}/results`, ["reproduce"]);
    assertMatch(await refusal(`${folder}/results`), /in use by process \d+ since .* \(\.\/run reproduce\)/);
    using _other = await lockFolder(`${folder}/others`, ["reproduce"]);
  }
  assertEquals(await Deno.readTextFile(`${folder}/results/.state/.gitignore`), "*\n");
});

testInFolder("a claim's file that is torn or strange is no trouble", async (folder) => {
  using lock = await lockFolder(folder, ["list"]);
  const path = `${folder}/.state/lock.claim/1`;
  const record = JSON.parse(await Deno.readTextFile(path));
  assertEquals([record.pid, record.command], [Deno.pid, "./run list"]);
  for (const text of ["", '{"pid":1', "null", "[]"]) {
    await Deno.writeTextFile(path, text);
    assertMatch(await refusal(folder), /in use by another process; wait for it/);
  }
  const since = "2020-01-02T03:04:05.678Z";
  const strange = { ...record, pid: 7, host: "n\u001b2", since, command: `./run \u001b[2J ${"x".repeat(200)}` };
  await Deno.writeTextFile(path, JSON.stringify(strange));
  assertMatch(
    await refusal(folder),
    /by process 7 on n\\u\{1b\}2 since 2020-01-02 03:04 UTC \(\.\/run \\u\{1b\}\[2J x{50,90}…\); wait/,
  );
  lock[Symbol.dispose]();
  using _lock = await lockFolder(folder, ["list"]);
});
