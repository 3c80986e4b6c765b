import { assert, assertEquals, assertRejects } from "@std/assert";
import { DataNotes } from "#lib/data/data_notes.ts";
import { InputError } from "#lib/errors.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { formatPairsAsTrl, readPairFile } from "./pair_files.ts";
import { pairRecordOf } from "./test_pairs.ts";

const user = (content: string) => ({ role: "user", content });
const system = (content: string) => ({ role: "system", content });
const assistant = (content: string) => ({ role: "assistant", content });

async function read(folder: string, values: readonly unknown[]) {
  const path = `${folder}/trl.jsonl`;
  await Deno.writeTextFile(path, values.map((value) => `${JSON.stringify(value)}\n`).join(""));
  const notes = new DataNotes();
  return { records: await readPairFile(path, notes), notes: notes.lines };
}

const PAIR = { prompt: "name a pet.", first: "a cat.", second: "a word.", label: 1, oracle: "chosen", round: 0 };
const PLAIN = { prompt: "name a pet.", chosen: "a cat.", rejected: "a word." };

testInFolder(
  "texts, messages, messages behind the prompt and prompts within the messages are one pair",
  async (folder) => {
    const chosen = [user("name a pet."), assistant("a cat.")];
    const rejected = [user("name a pet."), assistant("a word.")];
    const { records, notes } = await read(folder, [
      { ...PLAIN, score_chosen: 9 },
      { prompt: [user("name a pet.")], chosen: [assistant("a cat.")], rejected: [assistant("a word.")] },
      { prompt: "name a pet.", chosen, rejected },
      { chosen, rejected },
      { prompt: null, chosen, rejected },
      { prompt: "name a pet.", chosen: [assistant("a cat.")], rejected: "a word." },
    ]);
    assertEquals(records, Array(6).fill(PAIR));
    // That all are labelled 1 is how this form is.
    assertEquals(notes, []);
  },
);

testInFolder("a system's message stands before the user's", async (folder) => {
  const before = [system("be kind."), user("name a pet.")];
  const responses = { chosen: [...before, assistant("a cat.")], rejected: [...before, assistant("a word.")] };
  const { records } = await read(folder, [
    { ...PLAIN, prompt: before },
    { ...responses, prompt: "name a pet." },
    { ...responses, prompt: before },
  ]);
  assertEquals(records, Array(3).fill({ ...PAIR, prompt: "be kind.\n\nname a pet." }));
});

testInFolder(
  "talks of several turns are left out and noted, and refused where there is nothing else",
  async (folder) => {
    const before = [user("hello"), assistant("hi"), user("name a pet.")];
    const turns = { prompt: before, chosen: "a cat.", rejected: "a word." };
    const within = { chosen: [...before, assistant("a cat.")], rejected: [...before, assistant("a word.")] };
    const { records, notes } = await read(folder, [turns, PLAIN, within, { ...within, prompt: "hello" }]);
    assertEquals(records, [PAIR]);
    assertEquals(notes, [
      "preferences: 3 of 4 pairs are of talks of several turns, where a prompt has one, and left out.",
    ]);
    const { message } = await assertRejects(() => read(folder, [turns]), InputError);
    assertEquals(
      message,
      `${folder}/trl.jsonl: none of its 1 pairs is of a talk of one turn, as a prompt is`,
    );
  },
);

testInFolder("a wrong record is one line that names file, line and message", async (folder) => {
  const cases: [value: unknown, message: string][] = [
    [{ prompt: "a", chosen: "b" }, '"rejected" is missing but must be a text'],
    [{ chosen: "b", rejected: "c" }, '"prompt" is missing but must be a text or a list of messages'],
    [{ ...PLAIN, prompt: "" }, '"prompt" is empty but must be a text'],
    [{ ...PLAIN, prompt: 3 }, '"prompt" is 3 but must be a text'],
    [{ ...PLAIN, prompt: [] }, '"prompt" is an empty list but must be a text or a list of messages'],
    [{ ...PLAIN, chosen: [] }, '"chosen" is an empty list but must be a text or a list of messages'],
    [{ ...PLAIN, chosen: {} }, '"chosen" is an object but must be a text'],
    [{ ...PLAIN, rejected: "a cat." }, '"chosen" and "rejected" are the same text'],
    [{ ...PLAIN, chosen: ["a cat."] }, 'message 1 of "chosen": it is a text but must be an object with "role" and'],
    [{ ...PLAIN, chosen: [{ role: "assistant" }] }, 'message 1 of "chosen": "content" is missing but must be a text'],
    [{ ...PLAIN, chosen: [{ content: "a" }] }, 'message 1 of "chosen": "role" is missing but must be a text'],
    [
      { ...PLAIN, chosen: [user("a cat.")] },
      'the last message of "chosen" is of role "user" but must be of "assistant"',
    ],
    [
      { prompt: "x", chosen: [user("a"), assistant("b")], rejected: [user("a"), assistant("c")] },
      '"prompt" is another text than the message that "chosen" and "rejected" answer',
    ],
    [
      { chosen: [user("a"), assistant("b")], rejected: [user("c"), assistant("d")] },
      '"chosen" and "rejected" answer different messages, but must answer the same',
    ],
  ];
  for (const [value, expected] of cases) {
    const { message } = await assertRejects(() => read(folder, [PLAIN, value]), InputError);
    assert(message.startsWith(`${folder}/trl.jsonl, line 2: ${expected}`), message);
    assertEquals(message.includes("\n"), false);
  }
});

testInFolder("the CSV of this form is read", async (folder) => {
  const path = `${folder}/trl.csv`;
  await Deno.writeTextFile(path, 'chosen,rejected,"prompt"\na cat.,a word.,name a pet.\n');
  assertEquals(await readPairFile(path, new DataNotes()), [PAIR]);
});

Deno.test("pairs are written with the preferred text chosen, and ties left out", () => {
  const pairs = [pairRecordOf(), pairRecordOf({ label: 0.2 }), pairRecordOf({ label: 0.5 })];
  assertEquals(
    formatPairsAsTrl(pairs),
    '{"prompt":"name a pet.","chosen":"a cat.","rejected":"a word."}\n' +
      '{"prompt":"name a pet.","chosen":"a word.","rejected":"a cat."}\n',
  );
});
