import { assert, assertEquals, assertThrows } from "@std/assert";
import { DataNotes } from "#lib/data/data_notes.ts";
import { InputError } from "#lib/errors.ts";
import { encodePairs, INSTRUCTION_LIMITS, type PairLimits, recordsOf } from "./encode_pairs.ts";
import { codec, pairRecordOf, PROMPTS, RECORDS, say, tokenizer } from "./test_pairs.ts";

const ROOMY: PairLimits = { maxPromptTokens: 64, longPrompts: "drop", maxNewTokens: 32, settings: INSTRUCTION_LIMITS };
const PAIR = pairRecordOf();

function encode(records: Parameters<typeof encodePairs>[0], limits: Partial<PairLimits> = {}) {
  const notes = new DataNotes();
  return { pairs: encodePairs(records, codec, { ...ROOMY, ...limits }, notes), notes: notes.lines };
}

Deno.test("pairs are encoded as prompts and responses of the data are, and read back", () => {
  const records = [PAIR, pairRecordOf({ prompt: "write a word.\n\ncat", label: 0.25, round: 3 })];
  const { pairs, notes } = encode(records);
  assertEquals(pairs, [
    { prompt: PROMPTS[1], texts: [say("a cat."), say("a word.")], label: 1, oracle: "metric", round: 1 },
    { prompt: PROMPTS[2], texts: [say("a cat."), say("a word.")], label: 0.25, oracle: "metric", round: 3 },
  ]);
  assertEquals(notes, []);
  assertEquals(recordsOf(pairs, codec), records);
});

Deno.test("prompts over their limit are left out or cut, texts over theirs cut, and all of it is noted", () => {
  const [long, short] = [pairRecordOf({ prompt: "what is a cat?" }), pairRecordOf()];
  const limit = PROMPTS[1].length;
  assert(PROMPTS[0].length > limit, "the first prompt is to be the longer one");
  const named = `prompts are longer than ${limit} tokens (data.maxPromptTokens)`;
  const dropped = encode([long, short], { maxPromptTokens: limit });
  assertEquals(dropped.pairs.map(({ prompt }) => prompt), [PROMPTS[1]]);
  assertEquals(dropped.notes, [`preferences: 1 of 2 ${named} and left out.`]);
  const cut = encode([long, short], { maxPromptTokens: limit, longPrompts: "truncate" });
  const [start, end] = [PROMPTS[0].slice(0, limit - 1), PROMPTS[0].at(-1)!];
  assertEquals(cut.pairs.map(({ prompt }) => prompt), [[...start, end], PROMPTS[1]]);
  assertEquals(cut.notes, [`preferences: 1 of 2 ${named} and cut.`]);

  const whole = say("a small pet.");
  const most = whole.length - 1;
  const texts = encode([pairRecordOf({ second: "a small pet." })], { maxNewTokens: most });
  assertEquals(texts.pairs[0].texts, [say("a cat."), whole.slice(0, most)]);
  assertEquals(texts.notes, [
    `preferences: 1 of 2 texts are longer than ${most} tokens (data.maxNewTokens) and cut: their ends are not learned.`,
  ]);
});

Deno.test("a pair whose texts are the same up to the limit is left out and noted", () => {
  const same = pairRecordOf({ first: "a cat. a cat.", second: "a cat. a pet." });
  const { pairs, notes } = encode([same, PAIR], { maxNewTokens: say("a word.").length });
  assertEquals(pairs.length, 1);
  assertEquals(notes, ["preferences: 1 of 2 pairs have texts that are the same in tokens, and are left out."]);
});

Deno.test("limits that leave nothing are an error that says what would fit", () => {
  const prompts = assertThrows(() => encode([PAIR, PAIR], { maxPromptTokens: 2 }), InputError).message;
  assertEquals(
    prompts,
    `preferences: none of the 2 prompts has at most 2 tokens, the shortest has ${
      PROMPTS[1].length
    }; raise data.maxPromptTokens`,
  );
  const shortest = Math.min(say("a cat.").length, say("a word.").length);
  const texts = assertThrows(() => encode([PAIR], { maxNewTokens: 1 }), InputError).message;
  assertEquals(
    texts,
    `preferences: all texts are longer than 1 tokens, or the same where they are not; the shortest has ${shortest} ` +
      "with its end; raise data.maxNewTokens",
  );
});

Deno.test("prompts that the data has not are counted, and so are letters that models do not know", () => {
  const { pairs, notes } = encode([PAIR, pairRecordOf({ prompt: "name a cat." }), pairRecordOf({ prompt: "WHO?" })]);
  assertEquals(pairs.length, 3);
  assert(pairs[2].prompt.includes(tokenizer.specialId("<unk>")));
  assertEquals(notes, [
    'preferences: 2 of 3 prompts are not among those of the training data, first "name a cat.".',
    "preferences: 1 of 3 prompts have letters that the training texts lack: models see <unk> there.",
  ]);
});

Deno.test("a response that was cut comes back as one that ended", () => {
  const [cat] = RECORDS.slice(1, 2);
  const cut = say(cat.response).slice(0, -1);
  const pair = { prompt: PROMPTS[1], texts: [cut, say("pet.")] as const, label: 0, oracle: "metric", round: 2 };
  const records = recordsOf([pair], codec);
  assertEquals(records, [pairRecordOf({ first: cat.response, second: "pet.", label: 0, round: 2 })]);
  assertEquals(encode(records).pairs, [{ ...pair, texts: [say(cat.response), say("pet.")] }]);
});
