import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { testBeside } from "#lib/test_beside.ts";
import { makeLink } from "#lib/test_folder.ts";
import { instructionFiles, loadEvaluationSets, loadInstructionFolder } from "./instruction_folder.ts";
import { parseInstructionLine, readInstructionFile } from "./json_lines.ts";

/** Runs a test on a new folder with these files, each given as its number of records, as its text or as its bytes. */
async function withFolder(
  files: Record<string, number | string | Uint8Array>,
  test: (folder: string) => Promise<void>,
) {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, content] of Object.entries(files)) {
      const path = `${folder}/${name}`;
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      const bytes = new TextEncoder().encode(typeof content === "number" ? lines(name, content) : `${content}`);
      await Deno.writeFile(path, content instanceof Uint8Array ? content : bytes);
    }
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const lines = (name: string, count: number) =>
  Array.from({ length: count }, (_, index) => `{"instruction":"${name} ${index}","output":"yes"}\n`).join("");
const parse = (value: unknown) => parseInstructionLine(JSON.stringify(value), "f.jsonl, line 3");
const sizes = (sets: readonly { name: string; records: readonly unknown[] }[]) =>
  sets.map(({ name, records }) => `${name} ${records.length}`);

Deno.test("a line in the form of Dolly is a record", () => {
  assertEquals(parse({ instruction: "Say it", context: "now", response: "it", category: "open_qa" }), [
    { instruction: "Say it", input: "now", response: "it", references: ["it"] },
  ]);
});

Deno.test("a line with a list of outputs has several references, the first of them the response", () => {
  assertEquals(parse({ instruction: "Say it", output: ["it", "it!"], prompt: "…" }), [
    { instruction: "Say it", input: "", response: "it", references: ["it", "it!"] },
  ]);
});

Deno.test("a line in the form of Self-Instruct has a record for each instance", () => {
  const instances = [{ input: "a", output: "b" }, { input: "", output: "c" }];
  assertEquals(parse({ id: "t", instruction: "Go", instances }), [
    { instruction: "Go", input: "a", response: "b", references: ["b"] },
    { instruction: "Go", input: "", response: "c", references: ["c"] },
  ]);
});

Deno.test("a wrong line is refused with file, line and what was expected", () => {
  const refused: [unknown, string][] = [
    [["a"], "it is a list but must be a JSON object"],
    [{ text: "a" }, '"instruction" is missing but must be a text'],
    [{ instruction: " " }, '"instruction" is empty but must be a text'],
    [{ instruction: "a" }, '"output" or "response" is missing but must be a text or a list'],
    [{ instruction: "a", output: 3 }, '"output" is 3 but must be a text or a list'],
    [{ instruction: "a", response: "" }, '"response" is empty but must be a text or a list'],
    [{ instruction: "a", output: [] }, '"output" is an empty list'],
    [{ instruction: "a", output: "b", context: 1 }, '"context" is 1 but must be a text'],
    [{ instruction: "a", instances: [] }, '"instances" is an empty list'],
    [{ instruction: "a", instances: [{ input: "" }] }, 'instance 1: "output" or "response" is missing'],
  ];
  for (const [value, message] of refused) {
    assertThrows(() => parse(value), InputError, `Cannot read f.jsonl, line 3: `);
    assertThrows(() => parse(value), InputError, message);
  }
});

Deno.test("a file is read line by line, past blank lines, a byte order mark and carriage returns", async () => {
  await withFolder(
    { "a.jsonl": '\ufeff{"instruction":"x","output":"y"}\r\n\r\n{"instruction":"z","output":"w"}' },
    async (f) => {
      assertEquals((await readInstructionFile(`${f}/a.jsonl`)).map(({ instruction }) => instruction), ["x", "z"]);
    },
  );
});

Deno.test("a file that is broken, empty or missing is named", async () => {
  await withFolder({ "broken.jsonl": '{"instruction":"x","output":"y"}\n{"instr', "empty.jsonl": "\n" }, async (f) => {
    await assertRejects(
      () => readInstructionFile(`${f}/broken.jsonl`),
      InputError,
      `${f}/broken.jsonl, line 2: it is no JSON`,
    );
    await assertRejects(
      () => readInstructionFile(`${f}/empty.jsonl`),
      InputError,
      `${f}/empty.jsonl: it has no records`,
    );
    await assertRejects(() => readInstructionFile(`${f}/none.jsonl`), InputError, "there is no such file");
    await assertRejects(() => readInstructionFile(f), InputError, "it is a folder");
  });
});

Deno.test("training parts are joined in the order of their names, beside dev and test files", async () => {
  await withFolder({ "b_train_1.jsonl": 2, "a_train_0.jsonl": 3, "dev.jsonl": 4, "test.jsonl": 5 }, async (f) => {
    const data = await loadInstructionFolder(f);
    assertEquals(data.train.map(({ instruction }) => instruction[0]), ["a", "a", "a", "b", "b"]);
    assertEquals([data.validation.length, ...sizes(data.evaluation)], [4, "test 5"]);
    assertEquals(data.source, f);
  });
});

Deno.test("valid is for validation beside training without dev, and for evaluation beside dev", async () => {
  await withFolder({ "train.jsonl": 2, "valid.jsonl": 3, "vicuna.jsonl": 4 }, async (f) => {
    const data = await loadInstructionFolder(f);
    assertEquals([data.validation.length, ...sizes(data.evaluation)], [3, "vicuna 4"]);
  });
  await withFolder({ "train.jsonl": 2, "dev.jsonl": 3, "my-dolly-valid.jsonl": 4 }, async (f) => {
    const data = await loadInstructionFolder(f);
    assertEquals([data.validation.length, ...sizes(data.evaluation)], [3, "dolly 4"]);
  });
});

Deno.test("without a validation file the first records are taken, at most a tenth", async () => {
  await withFolder({ "train.jsonl": 25 }, async (f) => {
    const data = await loadInstructionFolder(f);
    assertEquals([data.validation.length, data.train.length], [2, 23]);
    assertEquals(data.train[0].instruction, "train.jsonl 2");
    const one = await loadInstructionFolder(f, { validationRecords: 1, trainRecords: 5 });
    assertEquals([one.validation.length, one.train.length], [1, 5]);
  });
});

Deno.test("sub-folders are sets, in the table's order, whatever else lies there", async () => {
  const files = {
    "unni/core.jsonl": 1,
    "sni/test.jsonl": 2,
    "vicuna/question.jsonl": "not read",
    "vicuna/vicuna_valid.jsonl": 3,
    "self-inst/seed_tasks.jsonl": "not read",
    "self-inst/user_oriented_instructions.jsonl": 4,
    "dolly/train.jsonl": 20,
    "dolly/test.jsonl": 5,
    "models/weights.jsonl": "not read",
  };
  await withFolder(files, async (f) => {
    const data = await loadInstructionFolder(`${f}/`, { itemsPerSet: 4 });
    assertEquals(sizes(data.evaluation), ["dolly 4", "self_instruct 4", "vicuna 3", "sni 2", "unni 1"]);
    assertEquals([data.train.length, data.validation.length], [18, 2]);
  });
});

Deno.test("evaluation prompts that occur in training are counted", async () => {
  const leaked = lines("train.jsonl", 1);
  await withFolder({ "train.jsonl": 3, "dev.jsonl": leaked, "test.jsonl": leaked + lines("new", 2) }, async (f) => {
    const { leakCounts } = await loadInstructionFolder(f);
    assertEquals([...leakCounts], [["validation", 1], ["test", 1]]);
  });
});

const latin1 = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** Loading a folder of these files, beside those that a sound one has, must fail with one short line that holds a text. */
async function refuses(files: Record<string, number | string | Uint8Array>, message: string) {
  await withFolder({ "train.jsonl": 20, "test.jsonl": 2, ...files }, async (f) => {
    const error = await assertRejects(() => loadInstructionFolder(f), InputError, message);
    assert(!error.message.includes("\n") && error.message.length < 400, error.message);
  });
}

Deno.test("a file that is not UTF-8 is refused with its line, whichever role it has", async () => {
  const bad = latin1(`${lines("x", 1)}{"instruction":"f\xfcnf","output":"5"}\n`);
  for (const name of ["train.jsonl", "dev.jsonl", "test.jsonl", "vicuna/test.jsonl"]) {
    await refuses({ [name]: bad }, `${name}, line 2, byte 18: 0xfc is not UTF-8`);
  }
  await refuses({ "test.jsonl": Uint8Array.of(0xff, 0xfe, 0x7b, 0) }, "test.jsonl: the text is UTF-16");
  await refuses({ "test.jsonl": Uint8Array.of(0x1f, 0x8b, 8, 0) }, "test.jsonl: the file is compressed (gzip)");
});

Deno.test("lines that end with CR are read", async () => {
  await withFolder({ "train.jsonl": lines("train.jsonl", 20).replaceAll("\n", "\r"), "test.jsonl": 1 }, async (f) => {
    assertEquals((await loadInstructionFolder(f)).train.length, 18);
  });
});

Deno.test("a wrong file is refused with what it is", async () => {
  await refuses(
    { "test.jsonl": '[{"instruction":"a","output":"b"}]' },
    "it is a JSON list; write its objects one a line",
  );
  await refuses({ "test.jsonl": '{"instruction":"a","output":"b",}' }, "test.jsonl, line 1: it is no JSON object");
  await refuses({ "test.jsonl": '{"instruction":"a","output":"b","output":"c"}' }, 'the key "output" occurs twice');
  await refuses({ "test.jsonl": `{"${"k".repeat(9999)}":1,"${"k".repeat(9999)}":1}` }, 'the key "kkk');
  await refuses({ "test.jsonl": `{"a": ${"\u0007x".repeat(5000)}` }, "\\u{7}");
  await refuses({ "vicuna.jsonl/part-0.jsonl": 2 }, "vicuna.jsonl: it is a folder");
  await refuses({ "test.jsonl": "" }, "test.jsonl: it has no records");
});

Deno.test("too few training records to hold some out are refused as that", async () => {
  for (const count of [1, 3, 9]) {
    await refuses(
      { "train.jsonl": count },
      `too few training records to hold some out for validation: ${count} found, at least 10 needed`,
    );
  }
  await withFolder({ "train.jsonl": 1, "dev.jsonl": 1, "test.jsonl": 1 }, async (f) => {
    assertEquals((await loadInstructionFolder(f)).train.length, 1);
  });
});

Deno.test("two files of one set in two folders, or a set with the name of a column, are refused", async () => {
  await refuses({ "dolly.jsonl": 2, "dolly/test.jsonl": 2 }, "dolly.jsonl and ");
  await refuses({ "self-inst/test.jsonl": 2, "self_instruct/test.jsonl": 2 }, "both of it; leave one of them");
  await refuses({ "average.jsonl": 2 }, "tables use the name average themselves; rename the file");
  await refuses({ "Held-Out.jsonl": 2 }, "tables use the name Held-Out themselves");
});

Deno.test("links count as what they point to, and those that lead nowhere or back are refused", async () => {
  await withFolder({ "real/train.jsonl": 20, "real/test.jsonl": 3 }, async (f) => {
    await Deno.mkdir(`${f}/data`);
    await makeLink(`${f}/data/dolly`, "../real");
    await makeLink(`${f}/data/notes`, "nowhere"); // nobody reads it
    const data = await loadInstructionFolder(`${f}/data`);
    assertEquals([data.train.length, ...sizes(data.evaluation)], [18, "dolly 3"]);
    await makeLink(`${f}/data/vicuna.jsonl`, "nowhere");
    await assertRejects(() => loadInstructionFolder(`${f}/data`), InputError, "vicuna.jsonl: the link leads nowhere");
    await makeLink(`${f}/real/unni.jsonl`, "unni.jsonl");
    await assertRejects(() => loadInstructionFolder(`${f}/real`), InputError, "unni.jsonl: the link leads back");
    await makeLink(`${f}/real/vicuna`, "..");
    await assertRejects(
      () => loadInstructionFolder(`${f}/real`),
      InputError,
      "vicuna: the link leads back to a folder",
    );
  });
});

Deno.test("the files of a folder are those that are read, hidden ones and other forms not among them", async () => {
  const files = {
    ...{ "train.jsonl": 20, "dolly/test.jsonl": 2, "dolly/train.jsonl": 5, "dolly/valid.jsonl": 2 },
    ...{ ".DS_Store": "x", "._train.jsonl": "x", "README.md": "x", "train.jsonl~": "x", "notes/a.jsonl": "x" },
  };
  await withFolder(files, async (f) => {
    assertEquals(instructionFiles(f), [`${f}/train.jsonl`, `${f}/dolly/test.jsonl`]);
    assertEquals((await loadInstructionFolder(f)).train.length, 18);
  });
});

Deno.test("what a limit leaves out is said", async () => {
  await withFolder({ "train.jsonl": 20, "dev.jsonl": 4, "test.jsonl": 3 }, async (f) => {
    const { notes } = await loadInstructionFolder(f, { trainRecords: 5, itemsPerSet: 2, validationRecords: 3 });
    assertEquals(notes, [
      "validation: the first 3 of 4 records are used (curves need no more).",
      "train: the first 5 of 20 records are used (data.trainRecords).",
      "test: the first 2 of 3 records are used (data.itemsPerSet).",
    ]);
    assertEquals((await loadInstructionFolder(f)).notes, []);
  });
});

Deno.test("a folder without what is needed is refused with what was looked for", async () => {
  await withFolder({ "readme.txt": "x" }, async (f) => {
    await assertRejects(() => loadInstructionFolder(f), InputError, `Cannot read ${f}: it has no *.jsonl file`);
    await assertRejects(() => loadInstructionFolder(`${f}/none`), InputError, "there is no such folder");
    await assertRejects(() => loadInstructionFolder(`${f}/readme.txt`), InputError, "it is a file, not a folder");
  });
  await withFolder({ "self_instruct/test.jsonl": 2 }, async (f) => {
    await assertRejects(() => loadInstructionFolder(f), InputError, "it has only evaluation sets (self_instruct)");
    assertEquals(sizes(await loadEvaluationSets(f)), ["self_instruct 2"]);
  });
  await withFolder({ "vicuna/a.jsonl": 1, "vicuna/b.jsonl": 1 }, async (f) => {
    await assertRejects(() => loadEvaluationSets(f), InputError, "evaluation set vicuna");
  });
});

testBeside(
  "data",
  "the shared Dolly folder alone gives the published split and its known duplicates",
  async (shared) => {
    const data = await loadInstructionFolder(`${shared}/dolly`);
    assertEquals([data.train.length, data.validation.length, ...sizes(data.evaluation)], [11_435, 1000, "dolly 500"]);
    assertEquals([...data.leakCounts], [["validation", 27], ["dolly", 9]]);
  },
);

testBeside("data", "the shared data folder gives the five sets", async (shared) => {
  const data = await loadInstructionFolder(shared);
  assertEquals(sizes(data.evaluation), ["dolly 500", "self_instruct 242", "vicuna 80", "sni 1694", "unni 1050"]);
  assert(data.evaluation[3].records.some(({ references }) => references.length > 1));
});

testBeside("data", "the shared Self-Instruct files are read in both forms", async (shared) => {
  assertEquals(sizes(await loadEvaluationSets(`${shared}/self_instruct`)), ["self_instruct 242"]);
  assertEquals((await readInstructionFile(`${shared}/self_instruct/user_oriented_instructions.jsonl`)).length, 252);
});
