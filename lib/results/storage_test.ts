import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { StorageError } from "#lib/errors.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { testInFolder } from "#lib/test_folder.ts";
import {
  isFile,
  readBytesIfThere,
  readTextIfThere,
  removeIfThere,
  writeAtomically,
  writeIfChanged,
} from "./storage.ts";
import {
  killProgram,
  passLines,
  programWords,
  runShell,
  runWithSmallDisk,
  startProgram,
  whyNoSmallDisk,
} from "#lib/runner/test_process.ts";

const noSmallDisk = await whyNoSmallDisk();
const noOrdinaryUser = await whyNoOrdinaryUser();

/** A program's imports and a function that says what an action was refused with. */
const REPORTING = `
  import { readTextIfThere, writeAtomically, writeIfChanged } from "#lib/results/storage.ts";
  import { lockFolder } from "#lib/results/folder_lock.ts";
  const tell = async (action) => {
    try { console.log("done", await action()); } catch (error) { console.log(error.name + ": " + error.message); }
  };`;

/** Why nobody can be without a right here, if so. */
async function whyNoOrdinaryUser(): Promise<string | undefined> {
  if (Deno.build.os === "windows") return "needs rights of Unix";
  const { code } = await runShell('[ "$(id -u)" != 0 ] || setpriv --bounding-set=-dac_override true');
  return code === 0 ? undefined : "root has every right, and there is no setpriv to give it up";
}

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
}

/** The one-line message of what was refused. */
async function refusal(action: () => Promise<unknown>): Promise<string> {
  const { message } = await assertRejects(action, StorageError);
  assert(!message.includes("\n"), message);
  return message;
}

testInFolder("a file is written with the folders above it, and in place of the one before", async (folder) => {
  const path = `${folder}/tiny/distances/scores.csv`;
  for (const text of ["method\n", "", "a longer text: äöü\n".repeat(10_000)]) {
    await writeAtomically(path, text);
    assertEquals(await readTextIfThere(path), text);
  }
  await writeAtomically(path, Uint8Array.of(0, 255));
  assertEquals(await readBytesIfThere(path), Uint8Array.of(0, 255));
  assertEquals(await namesIn(`${folder}/tiny/distances`), ["scores.csv"]);
});

testInFolder("a file that is so already is left alone", async (folder) => {
  const path = `${folder}/table.md`;
  const written = async (content: string | Uint8Array) => {
    const before = (await Deno.stat(path).catch(() => undefined))?.ino;
    const result = await writeIfChanged(path, content);
    // A file that was written is another file: it was renamed.
    assertEquals((await Deno.stat(path)).ino !== before, result);
    return result;
  };
  assertEquals([await written("a"), await written("a"), await written("b")], [true, false, true]);
  assertEquals([await written(Uint8Array.of(0x62)), await written("bc"), await written("b")], [false, true, true]);
});

testInFolder("where there is no file, nothing is read or removed", async (folder) => {
  assertEquals(await readTextIfThere(`${folder}/none`), undefined);
  assertEquals(await readBytesIfThere(`${folder}/none/none`), undefined);
  await removeIfThere(`${folder}/none`);
  await writeAtomically(`${folder}/file`, "");
  await removeIfThere(`${folder}/file`);
  assertEquals(await namesIn(folder), []);
});

testInFolder("a folder is no file, nor is what is missing; of what may not be read it is not said", async (folder) => {
  await Deno.writeTextFile(`${folder}/a`, "");
  assertEquals(["a", "b", "a/c", ""].map((name) => isFile(`${folder}/${name}`)), [true, false, false, false]);
  assertThrows(() => isFile("/none/such"), Deno.errors.NotCapable);
});

testInFolder("a file or a folder that is in the way is named, and nothing is left behind", async (folder) => {
  await Deno.writeTextFile(`${folder}/file`, "mine");
  await Deno.mkdir(`${folder}/folder`);
  assertEquals(
    await refusal(() => writeAtomically(`${folder}/file/tiny/scores.csv`, "")),
    `${folder}/file/tiny/scores.csv: cannot be written: ${folder}/file is no folder; what was recorded is whole; ` +
      "move it away, or take another folder with ./run … --results DIR",
  );
  for (const path of [`${folder}/file/scores.csv`, `${folder}/file/tiny/scores.csv`]) {
    assertStringIncludes(await refusal(() => writeAtomically(path, "")), `${folder}/file is no folder`);
    assertStringIncludes(await refusal(() => readTextIfThere(path)), `${folder}/file is no folder`);
  }
  assertStringIncludes(
    await refusal(() => writeAtomically(`${folder}/folder`, "")),
    "cannot be written: it is a folder;",
  );
  assertStringIncludes(await refusal(() => readTextIfThere(`${folder}/folder`)), "cannot be read: it is a folder;");
  assertEquals([await namesIn(folder), await Deno.readTextFile(`${folder}/file`)], [["file", "folder"], "mine"]);
});

testInFolder("anything else that the system refuses is told in its words", async (folder) => {
  const long = `${folder}/${"x".repeat(300)}`;
  assertMatch(await refusal(() => writeAtomically(long, "")), /: cannot be written: File name too long; what was/);
}, { cannotRun: Deno.build.os === "windows" ? "needs a limit of names" : undefined });

testInFolder("a folder without the right to write is told", async (folder) => {
  const words = await programWords(
    folder,
    "program",
    `${REPORTING}
    await tell(() => writeAtomically("results/scores.csv", "new"));
    await tell(() => readTextIfThere("results/scores.csv"));`,
  );
  // What lets root write everywhere is given up.
  const asAnyone = '[ "$(id -u)" != 0 ] || set -- setpriv --bounding-set=-dac_override --inh-caps=-dac_override "$@"';
  const prepare = 'cd "$1" && shift && mkdir results && printf old >results/scores.csv && chmod 555 results';
  const { out, err } = await runShell(`${prepare} && { ${asAnyone}; } && exec "$@"`, folder, "deno", ...words);
  assertEquals([err, ...out.trim().split("\n")], [
    "",
    "StorageError: results/scores.csv: cannot be written: this user has not the right to; what was recorded is whole; " +
    "change the rights of the folder, or take another folder with ./run … --results DIR",
    "done old",
  ]);
}, { cannotRun: noOrdinaryUser });

testInFolder(
  "a full disk is told; the old files stay whole and no part is left, and freed space is used",
  async (folder) => {
    const program = `${REPORTING}
    const names = () => console.log([...Deno.readDirSync("disk")].map(({ name }) => name).sort().join());
    await tell(() => writeAtomically("disk/scores.csv", "old"));
    await tell(() => writeAtomically("disk/filler", new Uint8Array(200_000)));
    await tell(() => writeAtomically("disk/scores.csv", "new ".repeat(50_000)));
    await tell(() => readTextIfThere("disk/scores.csv"));
    names();
    await tell(() => writeIfChanged("disk/scores.csv", "old"));
    await tell(() => writeAtomically("disk/filler", "less"));
    await tell(() => writeAtomically("disk/scores.csv", "new ".repeat(50_000)));
    names();`;
    const { out, err } = await runWithSmallDisk(folder, program);
    assertEquals([err, ...out.trim().split("\n")], [
      "",
      "done undefined",
      "done undefined",
      "StorageError: disk/scores.csv: cannot be written: the disk is full; what was recorded is whole; " +
      "free some space, or take another folder with ./run … --results DIR",
      "done old",
      "filler,scores.csv",
      "done false",
      "done undefined",
      "done undefined",
      "filler,scores.csv",
    ]);
  },
  { cannotRun: noSmallDisk },
);

testInFolder("a read-only folder is told, by the lock, too; what is so already needs no writing", async (folder) => {
  const program = `${REPORTING}
    await tell(() => writeAtomically("disk/scores.csv", "new"));
    await tell(() => writeAtomically("disk/tiny/scores.csv", "new"));
    await tell(() => lockFolder("disk"));
    await tell(() => writeIfChanged("disk/scores.csv", "old"));`;
  const prepare = "printf old >disk/scores.csv && mount -o remount,ro disk";
  const { out, err } = await runWithSmallDisk(folder, program, prepare);
  const refused = (path: string) =>
    `StorageError: disk/${path}: cannot be written: the file system is read-only; what was recorded is whole; ` +
    "make it writable, or take another folder with ./run … --results DIR";
  const places = ["scores.csv", "tiny/scores.csv", ".state/lock"];
  assertEquals([err, ...out.trim().split("\n")], ["", ...places.map(refused), "done false"]);
}, { cannotRun: noSmallDisk });

testInFolder("a writer that is killed at any moment leaves one of the whole contents", async (folder) => {
  const sizes = { A: 100_000, B: 300_000 };
  const program = `
    import { writeAtomically } from "#lib/results/storage.ts";
    const contents = Object.entries(${JSON.stringify(sizes)}).map(([letter, size]) => letter.repeat(size));
    for (let i = 0;; i++) {
      await writeAtomically(${JSON.stringify(`${folder}/results/file`)}, contents[i % 2]);
      console.log("written");
    }`;
  const random = new RandomStream(5, "kills");
  for (let kill = 0; kill < 12; kill++) {
    const process = await startProgram(folder, "writer", program);
    await passLines(process, 2 + Math.floor(12 * random.uniform()));
    await killProgram(process);
    const text = await Deno.readTextFile(`${folder}/results/file`);
    const letter = text[0] as keyof typeof sizes;
    assert(text === letter.repeat(sizes[letter]), `${text.length} letters, the first of them ${letter}`);
  }
  await writeAtomically(`${folder}/results/file`, "after");
  assertEquals([await namesIn(`${folder}/results`), await readTextIfThere(`${folder}/results/file`)], [
    ["file"],
    "after",
  ]);
});
