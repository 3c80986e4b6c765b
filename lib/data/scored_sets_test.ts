import { assertEquals } from "@std/assert";
import { testInFolder } from "#lib/test_folder.ts";
import { readScoredSets } from "./scored_sets.ts";

/** Writes files of JSON Lines, JSON or text, and says what sets they are: name, form, task and records. */
async function setsOf(folder: string, files: Readonly<Record<string, string>>, path = ""): Promise<unknown[]> {
  for (const [name, content] of Object.entries(files)) {
    await Deno.mkdir(`${folder}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(`${folder}/${name}`, content);
  }
  const sets = await readScoredSets(`${folder}${path}`);
  return sets.map(({ name, form, task, records }) => [name, form, ...(task ? [task] : []), records.length]);
}

const INSTRUCTION = '{"instruction": "a", "input": "b", "output": ["c", "d"], "prompt": "of MiniLLM"}\n';
const DIALOGUES = 'id,dialogue,summary\n1,"A: hi\nB: ho",They greet.\n';

testInFolder("a file is what its ending and its first record say", async (folder) => {
  const files = {
    "a.jsonl": INSTRUCTION,
    "p.jsonl": '\n{"prompt": "a ", "response": " b"}\n{"prompt": "c", "completion": ["d", "e"]}\n',
    "t.jsonl": '{"text": "a\\nb"}\n',
    "t.txt": "all of it\nis one text\n",
    "d.csv": DIALOGUES,
    "w.json": '[{"translation": {"en": "a", "de": "b"}}]',
    "q.json": '[{"question": "Is it?", "answer": true}, {"question": "And that?", "answer": false}]',
    "x.en": "a\nb\n",
    "x.de": "c\nd\n",
  };
  const of = (name: string) => setsOf(folder, files, `/${name}`);
  assertEquals(await of("a.jsonl"), [["a", "instruction", 1]]);
  assertEquals(await of("p.jsonl"), [["p", "prompt", 2]]);
  assertEquals(await of("t.jsonl"), [["t", "text", 1]]);
  assertEquals(await of("t.txt"), [["t", "text", 1]]);
  assertEquals(await of("d.csv"), [["samsum", "source", "samsum", 1]]);
  assertEquals(await of("w.json"), [["iwslt", "source", "iwslt", 1]]);
  assertEquals(await of("q.json"), [["strategyqa", "source", "strategyqa", 2]]);
  assertEquals(await of("x.en"), [["iwslt", "source", "iwslt", 2]]);
  const [{ records, files: read }] = await readScoredSets(`${folder}/x.en`);
  assertEquals(records[1], { instruction: "b", input: "", references: ["d"] });
  assertEquals(read, [`${folder}/x.en`, `${folder}/x.de`]);
  // Prompts and texts stay as they are, to the space.
  assertEquals((await readScoredSets(`${folder}/p.jsonl`))[0].records, [
    { instruction: "a ", input: "", references: [" b"] },
    { instruction: "c", input: "", references: ["d", "e"] },
  ]);
  assertEquals((await readScoredSets(`${folder}/t.txt`))[0].records[0].references, [files["t.txt"]]);
});

testInFolder("a folder gives its evaluation sets, not what is for training", async (folder) => {
  const files = { "train.jsonl": INSTRUCTION, "dev.jsonl": INSTRUCTION, "dolly_test.jsonl": INSTRUCTION.repeat(3) };
  assertEquals(await setsOf(folder, files), [["dolly", "instruction", 3]]);
  const below = { "vicuna/test.jsonl": INSTRUCTION, "self-inst/valid.jsonl": INSTRUCTION.repeat(2) };
  assertEquals(
    await setsOf(
      folder,
      Object.fromEntries(
        Object.entries(below).map(([name, text]) => [`sets/${name}`, text]),
      ),
      "/sets",
    ),
    [["self_instruct", "instruction", 2], ["vicuna", "instruction", 1]],
  );
});

testInFolder("a folder of tasks gives their test files, of its own or below it by their names", async (folder) => {
  const own = { "own/test.csv": DIALOGUES, "own/val.csv": `${DIALOGUES}2,b,c\n` };
  assertEquals(await setsOf(folder, own, "/own"), [["samsum", "source", "samsum", 1]]);
  const below = {
    "all/samsum/val.csv": DIALOGUES,
    "all/strategyqa/dev.json": '[{"question": "a", "answer": "no"}]',
    "all/notes.md": "",
  };
  assertEquals(await setsOf(folder, below, "/all"), [
    ["samsum", "source", "samsum", 1],
    ["strategyqa", "source", "strategyqa", 1],
  ]);
});

testInFolder("a folder of prompts, or of texts, gives a set of each file", async (folder) => {
  const prompts = '{"prompt": "a", "response": "b"}\n';
  assertEquals(await setsOf(folder, { "p/b.jsonl": prompts, "p/a.jsonl": prompts.repeat(2) }, "/p"), [
    ["a", "prompt", 2],
    ["b", "prompt", 1],
  ]);
  assertEquals(await setsOf(folder, { "t/a.txt": "x", "t/b.txt": "y" }, "/t"), [["a", "text", 1], ["b", "text", 1]]);
});
