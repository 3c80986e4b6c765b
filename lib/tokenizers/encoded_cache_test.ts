import { assert, assertEquals } from "@std/assert";
import { testInFolder } from "#lib/test_folder.ts";
import { encodedOnce } from "./encoded_cache.ts";
import { encodeExamples } from "./encoded_examples.ts";
import { INSTRUCTION_TEMPLATE, PLAIN_TEMPLATE } from "./prompt_template.ts";
import { tokenizerOf } from "./tokenizer_files.ts";

const STORIES = new URL("./testdata/stories260K", import.meta.url).pathname;
const LISTS = [[1, 2, 3], [], [151_935]];

const filesIn = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

/** Counts how often the lists are made, and what is said. */
function counted(folder: string) {
  const [made, said]: [string[], string[]] = [[], []];
  const read = (...key: string[]) =>
    encodedOnce(key, () => {
      made.push(key.join());
      return LISTS;
    }, { folder, say: (message) => said.push(message) });
  return { made, said, read };
}

testInFolder("lists are made once for a key, and read after that", async (folder) => {
  const { made, said, read } = counted(`${folder}/encoded`);
  for (let i = 0; i < 3; i++) assertEquals(await read("a", "b"), LISTS);
  assertEquals(await read("ab", ""), LISTS);
  assertEquals([made, said], [["a,b", "ab,"], []]);
  assertEquals(filesIn(`${folder}/encoded`).length, 2);
});

testInFolder("a file that is damaged anywhere is made anew, and that is said", async (folder) => {
  const { made, said, read } = counted(folder);
  await read("a");
  const path = `${folder}/${filesIn(folder)[0]}`;
  const whole = await Deno.readFile(path);
  const damages = [
    whole.slice(0, 0),
    whole.slice(0, 17),
    whole.slice(0, -4),
    whole.map((byte, i) => i === 13 ? byte ^ 1 : byte),
    whole.map((byte, i) => i === whole.length - 1 ? byte ^ 1 : byte),
  ];
  for (const [i, damaged] of damages.entries()) {
    await Deno.writeFile(path, damaged);
    assertEquals(await read("a"), LISTS);
    assertEquals(said.at(-1), `${path}: damaged; the texts are encoded anew`);
    assertEquals([made.length, said.length], [i + 2, i + 1]);
    assertEquals(await Deno.readFile(path), whole);
  }
});

testInFolder("where nothing can be kept the lists are made all the same, and that is said", async (folder) => {
  await Deno.writeTextFile(`${folder}/file`, "");
  const { made, said, read } = counted(`${folder}/file`);
  assertEquals(await read("a"), LISTS);
  assertEquals(made.length, 1);
  assert(said.some((message) => message.startsWith("encoded texts are not kept: ")), said.join("\n"));
});

testInFolder(
  "examples are encoded once: other records, another template or tokenizer are encoded anew",
  async (folder) => {
    const codec = await tokenizerOf(STORIES);
    const records = [
      { instruction: "Tell a story.", input: "", response: "Once upon a time." },
      { instruction: "Name a toy.", input: "red", response: "A ball." },
    ];
    const calls: string[] = [];
    const counting = {
      ...{ vocabSize: codec.vocabSize, specialIds: codec.specialIds, isSpecial: (id: number) => codec.isSpecial(id) },
      digest: codec.digest,
      decode: (ids: readonly number[]) => codec.decode(ids),
      encode(text: string) {
        calls.push(text);
        return codec.encode(text);
      },
    };
    const first = await encodeExamples(counting, INSTRUCTION_TEMPLATE, records, { folder });
    assertEquals(codec.decode(first[1].promptIds), INSTRUCTION_TEMPLATE.render(records[1]));
    assertEquals(codec.decode([...first[0].promptIds, ...first[0].responseIds]).endsWith("Once upon a time."), true);
    assertEquals(first.map(({ responseIds }) => responseIds.at(-1)), [2, 2]);
    assertEquals(calls.length, 4);
    assertEquals(await encodeExamples(counting, INSTRUCTION_TEMPLATE, records, { folder }), first);
    assertEquals(calls.length, 4);
    await encodeExamples(counting, INSTRUCTION_TEMPLATE, records.slice(0, 1), { folder });
    await encodeExamples(counting, PLAIN_TEMPLATE, records.slice(0, 1), { folder });
    await encodeExamples({ ...counting, digest: "other" }, PLAIN_TEMPLATE, records.slice(0, 1), { folder });
    assertEquals([calls.length, filesIn(folder).length], [10, 4]);
  },
);
