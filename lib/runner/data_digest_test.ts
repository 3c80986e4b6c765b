import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { makeLink, testInFolder } from "#lib/test_folder.ts";
import { dataDigest } from "./data_digest.ts";

async function write(path: string, text = `{"instruction":"${path.split("/").at(-1)}","output":"yes"}\n`) {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(path, text);
}

testInFolder("files that nobody reads change nothing: notes, hidden files, backups, other folders", async (folder) => {
  await write(`${folder}/data/train.jsonl`);
  await write(`${folder}/data/dolly/test.jsonl`);
  await write(`${folder}/data/samsum/train.csv`, "dialogue,summary\na,b\n");
  const digest = await dataDigest(`${folder}/data`);
  const ignored = ["README.md", ".DS_Store", "._train.jsonl", "train.jsonl~", ".train.jsonl.swp", "notes/more.jsonl"];
  for (const name of [...ignored, "samsum/notes.txt", "dolly/.hidden.jsonl"]) {
    await write(`${folder}/data/${name}`, "anything");
    assertEquals(await dataDigest(`${folder}/data/`), digest, name);
  }
});

testInFolder("every file that is read counts, by its name in the folder and its content", async (folder) => {
  await write(`${folder}/data/train.jsonl`);
  const digests = [await dataDigest(`${folder}/data`)];
  const changes: [name: string, text?: string][] = [
    ["train.jsonl", '{"instruction":"other","output":"yes"}\n'],
    ["vicuna.jsonl"],
    ["unni/test.jsonl"],
    ["iwslt/train.en", "a\n"],
    ["iwslt/train.de", "b\n"],
    ["iwslt/train.de", "c\n"],
  ];
  for (const [name, text] of changes) {
    await write(`${folder}/data/${name}`, text);
    digests.push(await dataDigest(`${folder}/data`));
  }
  assertEquals(new Set(digests).size, digests.length);
});

testInFolder("where the folder is, and links in it, make no difference", async (folder) => {
  await write(`${folder}/a/dolly/train.jsonl`);
  await Deno.mkdir(`${folder}/b`);
  await makeLink(`${folder}/b/dolly`, "../a/dolly");
  await makeLink(`${folder}/b/loop`, ".");
  await makeLink(`${folder}/b/nowhere`, "none");
  assertEquals(await dataDigest(`${folder}/b`), await dataDigest(`${folder}/a`));
  await write(`${folder}/a/dolly/test.jsonl`);
  const changed = await dataDigest(`${folder}/b`);
  await Deno.remove(`${folder}/a/dolly/test.jsonl`);
  assertNotEquals(await dataDigest(`${folder}/b`), changed);
});

testInFolder("a folder that is not there, or is none, is refused", async (folder) => {
  await write(`${folder}/file`);
  await assertRejects(() => dataDigest(`${folder}/none`), InputError, `--data ${folder}/none: there is no such folder`);
  await assertRejects(() => dataDigest(`${folder}/file`), InputError, "it is a file, not a folder");
  assertEquals(await dataDigest(undefined), "embedded");
});
