import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { IMPOSSIBLE, NO_TOKEN } from "#kernels/lump/no_token.ts";
import { gpuTest } from "#kernels/test_gpu.ts";
import { DataNotes } from "#lib/data/data_notes.ts";
import { InputError } from "#lib/errors.ts";
import { readModel } from "#lib/models/checkpoint.ts";
import { inFileOrder, KnownTopTokens } from "#lib/objectives/known_top_tokens.ts";
import { knownIn } from "#lib/objectives/test_top_tokens.ts";
import { tokenizerOf } from "#lib/tokenizers/tokenizer_files.ts";
import { type Reading, type SaidText, taughtTexts } from "./taught_texts.ts";
import { toldBy } from "./test_telling_teacher.ts";
import { readTokenLogprobs } from "./token_logprobs.ts";

const STORIES = decodeURIComponent(new URL("../tokenizers/testdata/stories260K", import.meta.url).pathname);
const DATA = new URL("testdata/train.jsonl", import.meta.url);
const codec = await tokenizerOf(STORIES);
const [BOS, EOS] = [1, 2];
const READING: Reading = { codec, eosIds: [EOS], actionCount: codec.vocabSize, count: 3 };
const wrong = (problem: string) => new InputError(problem);

/** A text of the student's, with its end or cut. */
function textOf(text: string, isEnded = true) {
  const prompt = codec.encode("Max had a little bird.");
  const whole = codec.encode(`Max had a little bird.${text}`);
  return { prompt: [BOS, ...prompt], response: [...whole.slice(prompt.length), ...(isEnded ? [EOS] : [])] };
}

/** A token and the likeliest ones in its place. */
const said = (token: string, likeliest: Readonly<Record<string, number>>) => ({
  token,
  top_logprobs: Object.entries(likeliest).map(([token, p]) => [token, Math.log(p)] as const),
});
const idOf = (piece: string) => codec.encode(`a${piece}`).at(-1)!;

gpuTest("likeliest tokens that are said are those that the teacher itself has at the same states", async (gpu) => {
  const lines = (await Deno.readTextFile(DATA)).trimEnd().split("\n").slice(0, 6).map((line) => JSON.parse(line));
  const count = 16;
  const told = await toldBy(gpu, STORIES, lines, count);
  const all = lines.map(({ prompt, text }, i): SaidText => {
    const [before, whole] = [codec.encode(prompt), codec.encode(`${prompt}${text}`)];
    // Every other one comes to its end.
    const response = [...whole.slice(before.length), ...(i % 2 === 0 ? [EOS] : [])];
    return {
      text: { prompt: [BOS, ...before], response },
      tokens: () => readTokenLogprobs({ content: told[i] }, wrong),
    };
  });
  const notes = new DataNotes();
  const { texts, topTokens } = taughtTexts("texts", all, { ...READING, count }, notes);
  assertEquals(texts, all.map(({ text }) => text));
  assertEquals([topTokens.count, notes.lines], [count, []]);
  const known = KnownTopTokens.of(gpu, topTokens.rows, count, texts);
  const path = await Deno.makeTempFile();
  await Deno.remove(path);
  const teacher = await readModel(gpu, STORIES);
  try {
    const own = await knownIn(path, gpu, teacher, inFileOrder(texts), { count });
    for (const text of texts) {
      const [one, other] = [await known.lookUp([text]), await own.lookUp([text])];
      const ended = text.response.at(-1) === EOS ? 1 : 0;
      const states = text.response.length - ended;
      const [ids, ownIds] = [await gpu.read(one.topTokens), await gpu.read(other.topTokens)];
      assertEquals(ids.slice(0, states * count), ownIds.slice(0, states * count));
      const [logProbs, ownLogProbs] = [await gpu.read(one.topLogProbs), await gpu.read(other.topLogProbs)];
      for (let i = 0; i < states * (count + 1); i++) {
        // What is left for all others is what the said ones, of six digits, leave of 1.
        const isRest = i % (count + 1) === count;
        if (isRest) assertAlmostEquals(Math.exp(logProbs[i]), Math.exp(ownLogProbs[i]), 2e-6);
        else assertAlmostEquals(logProbs[i], ownLogProbs[i], 1e-5);
      }
      if (ended === 0) continue;
      assertEquals([...ids.slice(states * count)], [EOS, ...Array(count - 1).fill(NO_TOKEN)]);
      const certain = [0, ...Array(count).fill(Math.fround(IMPOSSIBLE))];
      assertEquals([...logProbs.slice(states * (count + 1))], certain);
    }
  } finally {
    teacher[Symbol.dispose]();
    await Deno.remove(path);
  }
});

Deno.test("tokens that are none of the student's count among all others, and rows may be short", () => {
  const text = textOf(" The cat", false);
  const [the, cat, dog] = [" The", " cat", " dog"].map(idOf);
  assertEquals(text.response[0], the);
  const tokens = text.response.map((id, t) =>
    said(t === 0 ? " The" : codec.decode([260, id]).slice(codec.decode([260]).length), { [codec.decode([id])]: 0.5 })
  );
  tokens[0] = said(" The", { " The": 0.5, " Cat": 0.125, "</s>": 0.25, " zebra": 0.0625 });
  const notes = new DataNotes();
  const { topTokens: { rows: [row] } } = taughtTexts("texts", [{ text, tokens: () => tokens }], READING, notes);
  // The three likeliest; the end of a text is one of the student's, too.
  assertEquals([...row.ids.slice(0, 3)], [EOS, the, NO_TOKEN]);
  const expected = [0.25, 0.5].map(Math.log);
  expected.forEach((logProb, k) => assertAlmostEquals(row.logProbs[k], logProb, 1e-6));
  assertEquals(row.logProbs[2], Math.fround(IMPOSSIBLE));
  assertAlmostEquals(row.logProbs[3], Math.log(0.25), 1e-6);
  assert(cat !== dog);
  const states = text.response.length;
  assertEquals(
    notes.lines[0],
    `teacher texts: 1 of ${states + 2} likeliest tokens are none of the student's: they count as another one.`,
  );
  assertEquals(notes.lines[1], `teacher texts: ${states - 1} of ${states} states have fewer than 3 likeliest tokens.`);
});

Deno.test("the end may be among the tokens or not, and what is behind a cut is not read", () => {
  const tokensOf = (text: string) =>
    textOf(text, false).response.map((id) =>
      said(codec.decode([260, id]).slice(codec.decode([260]).length), { a: 0.5 })
    );
  const [ended, end] = [textOf(" The cat sat"), said("</s>", { "</s>": 0.9 })];
  const whole = tokensOf(" The cat sat");
  const cut = { ...ended, response: ended.response.slice(0, 2) };
  const rowsOf = (text: typeof ended, tokens: typeof whole) =>
    taughtTexts("texts", [{ text, tokens: () => tokens }], READING, new DataNotes()).topTokens.rows;
  assertEquals(rowsOf(ended, whole), rowsOf(ended, [...whole, end]));
  assertEquals(rowsOf(cut, whole)[0].ids.length, 2 * 3);
  assertThrows(
    () => rowsOf(ended, [...whole, end, end]),
    InputError,
    '"</s>" where the student has its end; leave out',
  );
  assertThrows(() => rowsOf(ended, whole.slice(0, 2)), InputError, "token 3, its end where the student has");
});

Deno.test("texts without tokens and texts cut otherwise are left out; where most are, the tokenizer is another", () => {
  const text = textOf(" The cat", false);
  const own = text.response.map((id) => said(codec.decode([260, id]).slice(codec.decode([260]).length), { a: 0.5 }));
  const other = [said(" T", { a: 0.5 }), said("he", { a: 0.5 }), ...own.slice(1)];
  const notes = new DataNotes();
  const taught = (...all: readonly ReturnType<SaidText["tokens"]>[]) =>
    taughtTexts("texts.jsonl", all.map((tokens) => ({ text, tokens: () => tokens })), READING, notes);
  assertEquals(taught(own, other, own, undefined).texts.length, 2);
  assertEquals(notes.lines.slice(0, 2), [
    "teacher texts: 1 of 4 have no likeliest tokens and are left out.",
    "teacher texts: 1 of 4 are cut into other tokens than the student's and are left out.",
  ]);
  assertThrows(
    () => taught(other, own, other),
    InputError,
    "texts.jsonl: the teacher's tokenizer is not the student's: 2 of 3 texts are cut otherwise, the first at token 1, \" T\" where " +
      'the student has " The"; leave out --teacher-top-k and take seqkd',
  );
  assertThrows(
    () => taught(undefined),
    InputError,
    "texts.jsonl: none of its texts has its likeliest tokens (`logprobs` with `top_logprobs`); leave out --teacher-top-k",
  );
});
