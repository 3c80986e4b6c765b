import { BpeTokenizer } from "#lib/data/bpe_tokenizer.ts";
import { trainBpe } from "#lib/data/bpe_trainer.ts";
import { encodePrompt, encodeResponse, tokenizerTexts } from "#lib/data/prompt.ts";
import { ProjectCodec } from "#lib/tokenizers/project_codec.ts";
import { instructionCodec } from "./pair_codec.ts";
import type { PairRecord } from "./pair_record.ts";
import type { PreferencePair } from "./preference_pair.ts";

const record = (instruction: string, input: string, response: string) => ({
  instruction,
  input,
  response,
  references: [response],
});

/** Training records, whose prompts the codec knows. */
export const RECORDS = [
  record("what is a cat?", "", "a small pet."),
  record("name a pet.", "", "a cat."),
  record("write a word.", "cat", "pet."),
];
export const tokenizer = new BpeTokenizer(trainBpe(tokenizerTexts([...RECORDS, ...RECORDS]), { vocabSize: 300 }));
export const PROMPTS = RECORDS.map((each) => encodePrompt(tokenizer, each));
export const codec = instructionCodec(new ProjectCodec(tokenizer), PROMPTS);

/** A response in tokens. */
export const say = (text: string): number[] => encodeResponse(tokenizer, text);

/** A pair of a file. */
export function pairRecordOf(changes: Partial<PairRecord> = {}): PairRecord {
  return {
    prompt: "name a pet.",
    first: "a cat.",
    second: "a word.",
    label: 1,
    oracle: "metric",
    round: 1,
    ...changes,
  };
}

/** A pair in tokens, whose number tells it from others: of prompt `number`, its texts of lengths that vary. */
export function pairOf(number: number, changes: Partial<PreferencePair> = {}): PreferencePair {
  const texts = [1 + number * 7 % 5, 1 + number * 11 % 9].map((length) => Array<number>(length).fill(number));
  return { prompt: [number, 1], texts: [texts[0], texts[1]], label: 1, oracle: "metric", round: 1, ...changes };
}
