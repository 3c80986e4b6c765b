import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { promptKey } from "./records.ts";
import { readTrainingFile } from "./training_file.ts";
import { readTrainingSets } from "./training_sets.ts";

/** Three rows of `prompt` and `response`, the last response empty, as hyparquet-writer 0.17 writes them. */
const PARQUET = decodeURIComponent(new URL("testdata/prompts.parquet", import.meta.url).pathname);

async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await Deno.mkdir(`${folder}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(`${folder}/${name}`, content);
  }
}

/** Lines of so many prompts with responses. */
const prompts = (count: number, start = 0) =>
  Array.from({ length: count }, (_, i) => `{"prompt": "p${start + i}", "response": "r"}\n`).join("");

testInFolder("records of every form have their prompt and their response", async (folder) => {
  const talk = [{ role: "system", content: "Be kind." }, { role: "user", content: "Hi" }];
  await write(folder, {
    "i.jsonl": '{"instruction": "a", "context": "b", "output": ["c", "d"]}\n',
    "p.csv": 'id,response,prompt\n1,"r\nr",p\n',
    "g.jsonl": '{"prompt": "p", "text": " t", "ids": [1]}\n',
    "m.json": JSON.stringify([{ messages: [...talk, { role: "assistant", content: "Hello." }] }]),
    "d.csv": 'id,dialogue,summary\n1,"A: hi","They greet."\n',
  });
  const of = async (name: string) => {
    const { form, records } = await readTrainingFile(`${folder}/${name}`);
    return [form, ...records.map(({ instruction, input, references }) => [instruction, input, ...references])];
  };
  assertEquals(await of("i.jsonl"), ["instruction", ["a", "b", "c", "d"]]);
  assertEquals(await of("p.csv"), ["prompt", ["p", "", "r\nr"]]);
  assertEquals(await of("g.jsonl"), ["prompt", ["p", "", " t"]]);
  assertEquals(await of("m.json"), ["messages", [JSON.stringify(talk), "", "Hello."]]);
  assertEquals(await of("d.csv"), ["source", ["A: hi", "", "They greet."]]);
  assertEquals((await readTrainingFile(`${folder}/m.json`)).records[0].talk, talk);
});

Deno.test("a Parquet file is read, and its records without a response are counted", async () => {
  const { form, records, unanswered } = await readTrainingFile(PARQUET);
  assertEquals([form, unanswered], ["prompt", 1]);
  assertEquals(records.map(({ instruction, references }) => [instruction, ...references]), [
    ["One day,", " it rained."],
    ["Once upon a time,", " there was a cat."],
  ]);
});

testInFolder("talks that end with the user, and responses that are empty, are left out and said", async (folder) => {
  const [user, assistant] = ["user", "assistant"].map((role) => ({ role, content: "x" }));
  const talks = [[user, assistant], [user], [user, { ...assistant, content: " " }], [user, assistant, user, assistant]];
  await write(folder, { "m.jsonl": talks.map((messages) => `${JSON.stringify({ messages })}\n`).join("") });
  const { notes, train, test } = await readTrainingSets(`${folder}/m.jsonl`);
  assertEquals(train.length + test.length, 2);
  assertEquals(notes, [
    "m.jsonl: 1 of 4 records have no response and are left out.",
    "m.jsonl: 1 of 4 records are talks that do not end with the assistant and are left out.",
  ]);
});

testInFolder(
  "of one file a twentieth of the prompts is held out, the same in every run, no prompt on both sides",
  async (folder) => {
    await write(folder, { "all.jsonl": `${prompts(100)}${prompts(100)}` });
    const [once, again] = [await readTrainingSets(`${folder}/all.jsonl`), await readTrainingSets(folder)];
    assertEquals([once.train.length, once.test.length], [190, 10]);
    assertEquals(again.test, once.test);
    assert(once.validation === once.test);
    const held = new Set(once.test.map(promptKey));
    assertEquals(once.train.filter((record) => held.has(promptKey(record))), []);
    assertEquals(once.heldOut, "5 of 100 distinct prompts, drawn once for all seeds");
  },
);

testInFolder(
  "files are what their names say, also in a folder data, and held-out prompts are not trained on",
  async (folder) => {
    await write(folder, {
      "data/train-00000-of-00002.jsonl": prompts(3),
      "data/train-00001-of-00002.jsonl": prompts(3, 3),
      "data/validation-00000-of-00001.jsonl": prompts(2, 5),
      "data/test.csv": "prompt,response\np0,r\n",
      "notes.md": "of the data",
    });
    const { train, validation, test, notes, heldOut } = await readTrainingSets(folder);
    assertEquals([train.length, validation.length, test.length], [4, 2, 1]);
    assertEquals(notes, ["train: 2 of 6 records have a held-out prompt and are left out."]);
    assertEquals(heldOut, "by files");
  },
);

const WRONG: readonly (readonly [files: Readonly<Record<string, string>>, path: string, message: string])[] = [
  [{}, "/none", "there is no such file or folder; name one, or a data set of the hub as ORG/NAME"],
  [{ "a.txt": "a" }, "", "no file that ends with .jsonl, .json, .csv, .parquet; name one, or a folder that has some"],
  [{ "a.txt": "a" }, "/a.txt", "rows are read from files that end with .jsonl, .json, .csv, .parquet"],
  [{ "a.jsonl": "\n" }, "", "it has no records; expected instruction and output, prompt and response, or messages"],
  [{ "a.jsonl": '{"text": "a"}\n' }, "", "its records are texts without a prompt; distillation needs"],
  [{ "a.jsonl": '{"q": 1, "a": 2}\n' }, "", "its first record has the keys q, a; expected"],
  [{ "a.jsonl": '{"prompt": "a"}\n{"prompt": "b", "response": ""}\n' }, "", "none of its 2 records has a response"],
  [{ "a.jsonl": '{"prompt": "a", "response": 3}\n' }, "", '"response" is 3 but must be a text'],
  [{ "a.jsonl": '{"messages": "hi"}\n' }, "", '"messages" is a text but must be a list of turns'],
  [{ "a.jsonl": '{"messages": [{"role": "user"}]}\n' }, "", 'turn 1 of "messages" must have the texts'],
  [{ "a.jsonl": prompts(1) }, "", "one prompt cannot be trained on and scored on"],
  [{ "a.jsonl": prompts(2), "b.jsonl": prompts(2) }, "", "none of a.jsonl, b.jsonl is named train"],
  [{ "train.jsonl": prompts(2), "test.jsonl": '{"instruction": "a", "output": "b"}\n' }, "", "instruction records"],
  [{ "train.jsonl": prompts(2), "test.jsonl": prompts(2) }, "", "every training prompt is among the held-out ones"],
  [{ "a.parquet": "PAR0" }, "", "no Parquet file that can be read"],
  [{ "a.csv": "prompt;response\na;b\n" }, "", "its first record has the keys prompt;response"],
];

testInFolder("what cannot be trained on is refused in one line", async (folder) => {
  for (const [i, [files, path, message]] of WRONG.entries()) {
    await Deno.mkdir(`${folder}/${i}`);
    await write(`${folder}/${i}`, files);
    const error = await assertRejects(() => readTrainingSets(`${folder}/${i}${path}`), InputError, message);
    assert(error.message.startsWith(`${folder}/${i}`) && !error.message.includes("\n"), error.message);
  }
});
