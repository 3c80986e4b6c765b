import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { instructionFiles } from "#lib/data/instruction_folder.ts";
import type { TaskFormat } from "#lib/data/task_files.ts";
import { taskFiles } from "#lib/data/task_folder.ts";
import { InputError } from "#lib/errors.ts";
import { makeLink, testInFolder } from "#lib/test_folder.ts";
import { DataDigests } from "./data_digest.ts";
import { PLAIN, TASKS } from "./test_experiment.ts";

const FORMAT: TaskFormat = {
  extensions: [".jsonl", ".en"],
  parallel: { source: [".en", "English"], target: [".de", "German"] },
  parse: () => ({ source: "", target: "", references: [] }),
};
const instructions = { experiment: { ...PLAIN, dataFiles: instructionFiles } };
const translation = {
  experiment: { ...TASKS, dataFiles: (folder: string) => taskFiles("mt", FORMAT, folder) },
  task: "mt/small",
};
const digest = (folder: string) => new DataDigests(folder).of(instructions);

async function write(path: string, text = `{"instruction":"${path.split("/").at(-1)}","output":"yes"}\n`) {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(path, text);
}

testInFolder("files that nobody reads change nothing: notes, hidden files, backups, other folders", async (folder) => {
  await write(`${folder}/train.jsonl`);
  await write(`${folder}/dolly/test.jsonl`);
  const before = digest(folder);
  const ignored = ["README.md", ".DS_Store", "._train.jsonl", "train.jsonl~", ".train.jsonl.swp", "notes/more.jsonl"];
  for (const name of [...ignored, "dolly/.hidden.jsonl", "dolly/train.jsonl", "train.csv", "mt/train.en"]) {
    await write(`${folder}/${name}`, "anything");
    assertEquals(digest(`${folder}/`), before, name);
  }
});

testInFolder("every file that is read counts, by its name in the folder and its content", async (folder) => {
  await write(`${folder}/train.jsonl`);
  const digests = [digest(folder)];
  const changes: [name: string, text?: string][] = [
    ["train.jsonl", '{"instruction":"other","output":"yes"}\n'],
    ["vicuna.jsonl"],
    ["unni/test.jsonl"],
  ];
  for (const [name, text] of changes) {
    await write(`${folder}/${name}`, text);
    digests.push(digest(folder));
  }
  assertEquals(new Set(digests).size, digests.length);
});

testInFolder("an experiment's data is what it reads itself, both of parallel texts", async (folder) => {
  await write(`${folder}/train.jsonl`);
  await write(`${folder}/mt/train.en`, "a\n");
  await write(`${folder}/mt/train.de`, "a\n");
  const [before, others] = [new DataDigests(folder).of(translation), digest(folder)];
  await write(`${folder}/train.jsonl`, "other");
  assertEquals(new DataDigests(folder).of(translation), before);
  await write(`${folder}/mt/train.de`, "b\n");
  assertNotEquals(new DataDigests(folder).of(translation), before);
  assertNotEquals(digest(folder), others);
});

testInFolder("where the folder is, and links in it, make no difference", async (folder) => {
  await write(`${folder}/a/dolly/train.jsonl`);
  await Deno.mkdir(`${folder}/b`);
  await makeLink(`${folder}/b/dolly`, "../a/dolly");
  await makeLink(`${folder}/b/loop`, ".");
  await makeLink(`${folder}/b/nowhere`, "none");
  assertEquals(digest(`${folder}/b`), digest(`${folder}/a`));
  const before = digest(`${folder}/b`);
  await write(`${folder}/a/dolly/test.jsonl`);
  assertNotEquals(digest(`${folder}/b`), before);
});

testInFolder("a folder that is not there, or is none, is refused", async (folder) => {
  await write(`${folder}/file`);
  assertThrows(() => digest(`${folder}/none`), InputError, `--data ${folder}/none: there is no such folder`);
  assertThrows(() => digest(`${folder}/file`), InputError, "it is a file, not a folder");
  assertEquals(new DataDigests(undefined).of(instructions), "embedded");
});
