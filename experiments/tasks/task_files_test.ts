import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { testBeside } from "#lib/test_beside.ts";
import { readTaskFile as readFileOf } from "#lib/data/task_files.ts";
import { loadTask as loadTaskOf, taskFiles as taskFilesOf } from "#lib/data/task_folder.ts";
import { SEQUENCE_TASKS, type SequenceTaskName } from "./registry.ts";

const readTaskFile = (task: SequenceTaskName, path: string) => readFileOf(task, SEQUENCE_TASKS[task].format, path);
const taskFiles = (task: SequenceTaskName, folder: string) => taskFilesOf(task, SEQUENCE_TASKS[task].format, folder);
const loadTask = (task: SequenceTaskName, folder: string) => loadTaskOf(task, SEQUENCE_TASKS[task].format, folder);

/** Runs with a folder that holds these files, by their paths in it. */
async function withFiles<T>(files: Readonly<Record<string, string>>, run: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [path, text] of Object.entries(files)) {
      await Deno.mkdir(`${folder}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(`${folder}/${path}`, text);
    }
    return await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const read = (task: SequenceTaskName, name: string, text: string, more: Readonly<Record<string, string>> = {}) =>
  withFiles({ [name]: text, ...more }, (folder) => readTaskFile(task, `${folder}/${name}`));

/** Reading must fail with one line that holds these parts. */
async function refused(reading: Promise<unknown>, ...parts: string[]): Promise<void> {
  const { message } = await assertRejects(() => reading, InputError);
  assert(!message.includes("\n") && message.length < 400, message);
  for (const part of parts) assert(message.includes(part), `"${message}" lacks "${part}"`);
}

const pairs = (records: readonly { source: string; target: string }[]) =>
  records.map(({ source, target }) => [source, target]);

Deno.test("SAMSum: CSV with columns in any order, quoted line breaks, commas and quotes; JSON too", async () => {
  const csv = 'summary,id,dialogue\n"Ann is late, again.",1,"Ann: I\'m late\r\nBob: ""again?"""\n';
  assertEquals(pairs(await read("samsum", "train.csv", `\ufeff${csv}`)), [[
    'Ann: I\'m late Bob: "again?"',
    "Ann is late, again.",
  ]]);
  const json = JSON.stringify([{ id: "1", dialogue: "A: hi\nB: hi", summary: "They greet." }]);
  assertEquals(pairs(await read("samsum", "train.json", json)), [["A: hi B: hi", "They greet."]]);
  assertEquals(pairs(await read("samsum", "a.csv", "dialogue,summary\n,Nobody speaks.\n")), [["", "Nobody speaks."]]);
});

Deno.test("IWSLT: a JSON list, JSON Lines, or two parallel texts, from English to German", async () => {
  const values = [{ translation: { de: "Hallo.", en: "Hello." } }, { translation: { en: "Bye.", de: "Tschüss." } }];
  const expected = [["Hello.", "Hallo."], ["Bye.", "Tschüss."]];
  assertEquals(pairs(await read("iwslt", "train.json", JSON.stringify(values))), expected);
  assertEquals(
    pairs(await read("iwslt", "train.jsonl", values.map((value) => JSON.stringify(value)).join("\n\n"))),
    expected,
  );
  assertEquals(
    pairs(await read("iwslt", "train.en", "Hello.\nBye.\n", { "train.de": "Hallo.\nTschüss.\n" })),
    expected,
  );
});

Deno.test("StrategyQA: true and false are yes and no; facts are not read, since they tell the answer", async () => {
  const values = [{ qid: "a", question: "Is ice cold?", answer: true, facts: ["Ice is cold."] }, {
    question: "Is it?",
    answer: "No",
  }];
  assertEquals(pairs(await read("strategyqa", "train.json", JSON.stringify(values))), [["Is ice cold?", "yes"], [
    "Is it?",
    "no",
  ]]);
});

Deno.test("a CSV with a missing column, a broken quote or a short row is refused with its place", async () => {
  await refused(
    read("samsum", "a.csv", "id,dialogue\n1,hi\n"),
    "a.csv: column summary is missing",
    'the header is "id,dialogue"',
  );
  await refused(read("samsum", "a.csv", 'dialogue,summary\n"hi,there\n'), "a.csv: broken CSV");
  await refused(
    read("samsum", "a.csv", "dialogue,summary\nhi,there\nhi\n"),
    "a.csv, record 2: 1 fields instead of the 2",
  );
  await refused(read("samsum", "a.csv", "dialogue,summary\nhi, \n"), "a.csv, record 1: summary is empty");
  await refused(read("samsum", "a.csv", "dialogue,summary\n"), "a.csv: it has no records");
});

Deno.test("parallel texts of different lengths are refused with both counts, and so is a missing side or line", async () => {
  await refused(read("iwslt", "a.en", "one\ntwo\n", { "a.de": "eins\n" }), "a.en has 2 lines but", "a.de has 1");
  await refused(read("iwslt", "a.en", "one\n"), "a.de: there is no such file");
  await refused(
    read("iwslt", "a.en", "one\n\n", { "a.de": "eins\nzwei\n" }),
    "a.en, line 2: the English line is empty",
  );
});

Deno.test("an answer that is neither yes nor no, a missing key, or broken JSON is refused by its record", async () => {
  const question = (answer: unknown) => JSON.stringify([{ question: "a?", answer: true }, { question: "b?", answer }]);
  await refused(
    read("strategyqa", "a.json", question("maybe")),
    'a.json, record 2: answer is "maybe"',
    "must be true, false",
  );
  await refused(read("strategyqa", "a.json", question(undefined)), "a.json, record 2: answer is missing");
  await refused(read("iwslt", "a.json", '[{"translation": {"en": "hi"}}]'), "a.json, record 1: de is missing");
  await refused(read("iwslt", "a.json", '[{"en": "hi"}]'), 'a.json, record 1: "translation" is missing');
  await refused(read("iwslt", "a.json", "[3]"), "a.json, record 1: it is 3 but must be a JSON object");
  await refused(read("iwslt", "a.json", '[{"translation"'), "a.json: not JSON");
  await refused(
    read("iwslt", "a.jsonl", '{"translation": {"en": "hi", "de": "hallo"}}\n{'),
    "a.jsonl, line 2: not JSON",
  );
});

Deno.test("CSV whose lines end with CR is read, line breaks in quotes and all", async () => {
  const csv = 'dialogue,summary\r"A: hi\rB: hi",They greet.\r"A: so\nB: no",They differ.\r';
  const expected = [["A: hi B: hi", "They greet."], ["A: so B: no", "They differ."]];
  assertEquals(pairs(await read("samsum", "train.csv", csv)), expected);
  assertEquals(pairs(await read("samsum", "train.csv", csv.replaceAll("\r", "\r\n"))), expected);
  const parallel = await read("iwslt", "train.en", "Hello.\rBye.\r", { "train.de": "Hallo.\rTschüss.\r" });
  assertEquals(pairs(parallel), [["Hello.", "Hallo."], ["Bye.", "Tschüss."]]);
});

Deno.test("CSV of another form is refused with what was found, in a short line", async () => {
  await refused(read("samsum", "a.csv", "dialogue;summary\nhi;hi\n"), 'separated by ";", where CSV has commas');
  await refused(read("samsum", "a.csv", "dialogue\tsummary\nhi\thi\n"), 'separated by "\\u{9}"');
  await refused(read("samsum", "a.csv", ""), "the file is empty");
  await refused(read("samsum", "a.csv", "dialogue,summary\n"), "a.csv: it has no records");
  await refused(read("samsum", "a.csv", "dialogue,summary,summary\na,b,c\n"), "column summary occurs twice");
  await refused(read("samsum", "a.json", '[{"dialogue": "a", "summary": 3}]'), "summary is 3 but must be a text");
  await refused(read("samsum", "a.json", '[{"dialogue": "a", "summary": "b"},\n]'), "a.json: not JSON");
  await refused(
    read("samsum", "a.json", '[{"dialogue": "a", "summary": "b", "summary": "c"}]'),
    '"summary" occurs twice',
  );
  await refused(read("strategyqa", "a.json", `[{"question": "a", "answer": "${"x".repeat(9999)}"}]`), "answer is");
  const { message } = await assertRejects(() => read("samsum", "a.csv", `${"x".repeat(9999)},b\n`), InputError);
  assert(message.length < 300, `${message.length} characters`);
});

Deno.test("a name of two splits is refused, and a hidden file is not read", async () => {
  await withFiles(
    { "train_test.jsonl": lines("a", "b", "c") },
    (folder) => refused(loadTask("iwslt", folder), "train_test.jsonl: the name is of two splits"),
  );
  await withFiles({ "train.jsonl": lines("a", "b", "c"), "._test.jsonl": "\0" }, async (folder) => {
    assertEquals((await loadTask("iwslt", folder)).train.length, 1);
  });
});

Deno.test("the files of a task are those that are read, both of parallel texts", async () => {
  const files = {
    "iwslt/train.en": "a\nb\nc\n",
    "iwslt/train.de": "a\nb\nc\n",
    "iwslt/notes.json": "x",
    "test.json": "x",
  };
  await withFiles(files, (folder) => {
    assertEquals(taskFiles("iwslt", folder), [`${folder}/iwslt/train.en`, `${folder}/iwslt/train.de`]);
    return Promise.resolve();
  });
});

const line = (word: string) => JSON.stringify({ translation: { en: word, de: word.toUpperCase() } });
const lines = (...words: string[]) => words.map(line).join("\n");

Deno.test("a folder's files are its splits by their names; a task's own folder in it goes first", async () => {
  const files = {
    "iwslt/train_1.jsonl": lines("a", "b"),
    "iwslt/train_2.jsonl": lines("c"),
    "iwslt/validation.jsonl": lines("d"),
    "iwslt/test.jsonl": lines("a", "e"),
    "iwslt/README.md": "not data",
    "train.csv": "dialogue,summary\nhi,there\n",
  };
  await withFiles(files, async (folder) => {
    const data = await loadTask("iwslt", folder);
    const sources = [data.train, data.validation, data.test].map((records) => records.map(({ source }) => source));
    assertEquals(sources, [["a", "b", "c"], ["d"], ["a", "e"]]);
    assertEquals([data.leakCount, data.source], [1, `${folder}/iwslt`]);
  });
});

Deno.test("where a split is missing a tenth of the training records is taken for it, first for validation", async () => {
  const words = Array.from({ length: 20 }, (_, i) => `w${i}`);
  await withFiles({ "train.jsonl": lines(...words) }, async (folder) => {
    const { train, validation, test } = await loadTask("iwslt", folder);
    assertEquals([validation, test].map((records) => records.map(({ source }) => source)), [["w0", "w1"], [
      "w2",
      "w3",
    ]]);
    assertEquals(train.length, 16);
  });
});

Deno.test("without a test file the validation file is scored, and validation is taken from training", async () => {
  const words = Array.from({ length: 10 }, (_, i) => `w${i}`);
  await withFiles({ "train.jsonl": lines(...words), "dev.jsonl": lines("d", "e") }, async (folder) => {
    const { train, validation, test } = await loadTask("iwslt", folder);
    assertEquals([validation, test].map((records) => records.map(({ source }) => source)), [["w0"], ["d", "e"]]);
    assertEquals(train.length, 9);
  });
});

Deno.test("files behind links are read, those of another form are not, and a folder is no file", async () => {
  await withFiles({ "real.txt": lines("a", "b", "c", "d"), "train.csv": "x" }, async (folder) => {
    // Deno links only where it may read and write everything.
    await new Deno.Command("sh", { args: ["-c", 'cd "$1" && ln -s real.txt train.jsonl', "sh", folder] }).output();
    assertEquals((await loadTask("iwslt", folder)).train.length, 2);
    await refused(
      readTaskFile("iwslt", `${folder}/train.csv`),
      "iwslt is read from files that end with .json, .jsonl, .parquet, .en",
    );
    await refused(loadTask("iwslt", `${folder}/real.txt`), "real.txt: it is a file, not a folder");
    await Deno.mkdir(`${folder}/test.json`);
    await refused(readTaskFile("iwslt", `${folder}/test.json`), "test.json: it is a folder, not a file");
  });
});

Deno.test("a folder without training files, or that is not there, is refused", async () => {
  await withFiles(
    { "test.jsonl": line("a") },
    (folder) =>
      refused(
        loadTask("iwslt", folder),
        "no training file for iwslt (files: test.jsonl)",
        "expected train* with one of .json, .jsonl, .parquet, .en",
      ),
  );
  await refused(loadTask("samsum", "no/such/folder"), "no/such/folder: there is no such folder");
  await withFiles(
    { "train.jsonl": lines("a", "b") },
    (folder) =>
      refused(
        loadTask("iwslt", folder),
        "too few training records to hold some out for validation and testing: 2 found, at least 3 needed",
      ),
  );
});

for (
  const [task, file, count] of [
    ["samsum", "samsum/test.csv", 819],
    ["samsum", "samsum/val.csv", 818],
    ["iwslt", "iwslt17_de_en/test.json", 8079],
    ["iwslt", "iwslt17_de_en/validation.json", 888],
    ["iwslt", "multi30k/test_2016_flickr.en", 1000],
    ["strategyqa", "strategyqa/train.json", 2061],
    ["strategyqa", "strategyqa/dev.json", 229],
  ] as const
) {
  testBeside(`data/${file}`, `${file} reads as ${count} records`, async (path) => {
    const records = await readTaskFile(task, path);
    assertEquals(records.length, count);
    assert(
      records.every(({ source, target }) => source !== "" && target !== "" && !/\s{2}|\n/.test(source + target)),
    );
  });
}
