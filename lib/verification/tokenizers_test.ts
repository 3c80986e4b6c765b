import { assert, assertEquals, assertRejects } from "@std/assert";
import { BpeTokenizer } from "#lib/data/bpe_tokenizer.ts";
import { trainBpe } from "#lib/data/bpe_trainer.ts";
import { formatHuggingFaceTokenizer } from "#lib/data/hugging_face_tokenizer.ts";
import { InputError } from "#lib/errors.ts";
import { testBeside } from "#lib/test_beside.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { BESIDE } from "./known_fixtures.ts";
import { verifyOwnTokenizer, verifyTokenizer } from "./tokenizers.ts";

const RECORDED = Object.keys(BESIDE).filter((name) => name.startsWith("tokenizers/"));

for (const name of RECORDED) {
  testBeside(`fixtures/${name}`, `${name}: every recorded value agrees, and none is left out`, async (folder) => {
    const checks = await verifyTokenizer(folder);
    assertEquals(checks.filter(({ status }) => status !== "ok"), []);
    assert(checks.length >= 2);
  });
}

testInFolder("ids and texts that differ fail, with the first of them", async (folder) => {
  const vocab = { a: 0, b: 1, Ġ: 2 };
  await Deno.mkdir(`${folder}/small`);
  const write = (name: string, value: unknown) => Deno.writeTextFile(`${folder}/${name}`, JSON.stringify(value));
  await write("texts.json", { natural: ["ab", "b a"], odd: ["b"] });
  await write("small/vocab.json", vocab);
  await Deno.writeTextFile(`${folder}/small/merges.txt`, "#version: 0.2\n");
  await write("small/ids.json", { natural: [[0, 1], [1, 0]], odd: [[1]], natural_decoded: {}, odd_decoded: {} });
  const checks = await verifyTokenizer(`${folder}/small`);
  const form = "vocab.json with merges.txt";
  assertEquals(checks, [
    {
      name: `${form}: ids of natural texts (2)`,
      status: "FAIL",
      note: "1 differ; number 1 is [1,2,0] instead of [1,0]",
    },
    { name: `${form}: decoded natural texts (2)`, status: "FAIL", note: '1 differ; number 1 is "ba" instead of "b a"' },
    { name: `${form}: ids of odd texts (1)`, status: "ok", error: 0, tolerance: 0 },
    { name: `${form}: decoded odd texts (1)`, status: "ok", error: 0, tolerance: 0 },
  ]);
  await write("small/ids.json", { natural: [[0, 1], [1, 2, 0]] });
  const statuses = (await verifyTokenizer(`${folder}/small`)).map(({ status }) => status);
  assertEquals(statuses, ["ok", "skipped"]);
});

testInFolder("ids without a tokenizer beside them are refused", async (folder) => {
  await Deno.writeTextFile(`${folder}/ids.json`, "{}");
  await assertRejects(() => verifyTokenizer(folder), InputError, "no tokenizer is beside what is recorded of one");
  await Deno.remove(`${folder}/ids.json`);
  await Deno.writeTextFile(`${folder}/cases.json`, "[]");
  await assertRejects(() => verifyTokenizer(folder), InputError, "cases.json: it must be an object");
});

testBeside("fixtures/hf/stories260K", "a trained model's text is what its tokenizer spells", async (folder) => {
  const checks = await verifyOwnTokenizer(folder);
  assertEquals(checks.map(({ name, status }) => [name, status]), [
    ...["tokenizer.json", "tokenizer.model"].flatMap((form) =>
      ["ids of the story (1)", "decoded story (1)", "decoded continuation (1)"].map((
        what,
      ) => [`${form}: ${what}`, "ok"])
    ),
  ]);
});

testInFolder("an exported tokenizer is checked by the ids that export recorded", async (folder) => {
  const tokenizer = new BpeTokenizer(trainBpe([" the cat sat", " the hat", " that cat"], { vocabSize: 30 }));
  const { json, firstScaffold } = formatHuggingFaceTokenizer(tokenizer, 32);
  const write = (name: string, value: unknown) => Deno.writeTextFile(`${folder}/${name}`, JSON.stringify(value));
  assertEquals(await verifyOwnTokenizer(folder), []);
  await write("tokenizer.json", json);
  await write("tokenizer_config.json", { first_scaffold_id: firstScaffold });
  const encoded = [" the cat", " quixotic thca"].map((text) => ({ text, ids: tokenizer.encode(text) }));
  await write("golden.json", { encoded });
  assertEquals((await verifyOwnTokenizer(folder)).map(({ status }) => status), ["ok"]);
  await write("golden.json", { encoded: [{ text: " the cat", ids: [0] }] });
  assertEquals((await verifyOwnTokenizer(folder)).map(({ status }) => status), ["FAIL"]);
  await write("golden.json", { losses: [] });
  assertEquals(await verifyOwnTokenizer(folder), []);
});
