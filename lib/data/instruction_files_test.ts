import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { testBeside } from "#lib/test_beside.ts";
import { loadEvaluationSets, loadInstructionFolder } from "./instruction_folder.ts";
import { parseInstructionLine, readInstructionFile } from "./json_lines.ts";

/** Runs a test on a new folder with these files, each given as its number of records or as its text. */
async function withFolder(files: Record<string, number | string>, test: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, content] of Object.entries(files)) {
      const path = `${folder}/${name}`;
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      await Deno.writeTextFile(path, typeof content === "string" ? content : lines(name, content));
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

Deno.test("a folder without what is needed is refused with what was looked for", async () => {
  await withFolder({ "readme.txt": "x" }, async (f) => {
    await assertRejects(() => loadInstructionFolder(f), InputError, `Cannot read ${f}: it has no *.jsonl file`);
    await assertRejects(() => loadInstructionFolder(`${f}/none`), InputError, "there is no such folder");
    await assertRejects(() => loadInstructionFolder(`${f}/readme.txt`), InputError, "it is no folder");
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
