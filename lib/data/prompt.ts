import type { BpeTokenizer } from "./bpe_tokenizer.ts";
import type { InstructionRecord } from "./records.ts";

/** What is asked, without the answers. */
export type Prompt = Pick<InstructionRecord, "instruction" | "input">;

/** What happens to a prompt over the limit: LMOps drops its record, distillm cuts it. */
export type LongPrompts = "drop" | "truncate";

export interface PromptLimit {
  /** Tokens of a prompt, with its markers. */
  readonly maxPromptTokens: number;
  readonly longPrompts: LongPrompts;
}

export interface FittedPrompt {
  readonly record: InstructionRecord;
  readonly promptIds: readonly number[];
}

export interface FittedPrompts {
  readonly prompts: readonly FittedPrompt[];
  /** Records left out because their prompt is over the limit. */
  readonly droppedCount: number;
  /** Records whose prompt was cut to the limit. */
  readonly truncatedCount: number;
}

/**
 * The ids of a text with one space in front.
 *
 * A byte-level piece holds the space before its word. Without a space in front, the first word of a text would have
 * other pieces than the same word further on, and a small vocabulary would hold both or spell one of them out.
 */
export function encodeText(tokenizer: BpeTokenizer, text: string): number[] {
  return tokenizer.encode(spaced(text));
}

/** `<ins>` instruction, then `<inp>` input unless it is empty, then `<res>`. */
export function encodePrompt(tokenizer: BpeTokenizer, { instruction, input }: Prompt): number[] {
  const inputIds = input === "" ? [] : [tokenizer.specialId("<inp>"), ...encodeText(tokenizer, input)];
  return [
    tokenizer.specialId("<ins>"),
    ...encodeText(tokenizer, instruction),
    ...inputIds,
    tokenizer.specialId("<res>"),
  ];
}

/** The response, then `<eos>`. */
export function encodeResponse(tokenizer: BpeTokenizer, response: string): number[] {
  return [...encodeText(tokenizer, response), tokenizer.specialId("<eos>")];
}

/**
 * The text of a response: up to the first `<eos>`, without special tokens and without the space that `encodeText` puts
 * in front. `decodeResponse(encodeResponse(text))` is `text` for text of the tokenizer's alphabet.
 */
export function decodeResponse(tokenizer: BpeTokenizer, ids: Iterable<number>): string {
  const eos = tokenizer.specialId("<eos>");
  const response: number[] = [];
  for (const id of ids) {
    if (id === eos) break;
    response.push(id);
  }
  return tokenizer.decode(response).replace(/^ /, "");
}

/** The texts that a tokenizer of these records is trained on, spaced as `encodeText` does. */
export function tokenizerTexts(records: readonly InstructionRecord[]): string[] {
  return records.flatMap(({ instruction, input, response }) => [instruction, input, response])
    .filter((text) => text !== "").map(spaced);
}

/**
 * A prompt within the limit: as it is, or cut before its final `<res>`, so that the end of the input (or of the
 * instruction) is lost; undefined where it is to be dropped.
 *
 * @throws {RangeError} if the limit leaves no room for `<ins>` and `<res>`
 */
export function fitPrompt(
  promptIds: readonly number[],
  { maxPromptTokens, longPrompts }: PromptLimit,
): readonly number[] | undefined {
  if (!(maxPromptTokens >= 2)) {
    throw new RangeError(`Cannot fit a prompt: maxPromptTokens is ${maxPromptTokens} but must be at least 2`);
  }
  if (promptIds.length <= maxPromptTokens) return promptIds;
  if (longPrompts === "drop") return undefined;
  return [...promptIds.slice(0, maxPromptTokens - 1), promptIds[promptIds.length - 1]];
}

/** Encodes the prompts of records and drops or cuts those over the limit, in order, with counts. */
export function fitPrompts(
  tokenizer: BpeTokenizer,
  records: readonly InstructionRecord[],
  limit: PromptLimit,
): FittedPrompts {
  const prompts: FittedPrompt[] = [];
  let truncatedCount = 0;
  for (const record of records) {
    const whole = encodePrompt(tokenizer, record);
    const promptIds = fitPrompt(whole, limit);
    if (promptIds === undefined) continue;
    if (promptIds.length < whole.length) truncatedCount++;
    prompts.push({ record, promptIds });
  }
  return { prompts, droppedCount: records.length - prompts.length, truncatedCount };
}

function spaced(text: string): string {
  return text === "" ? "" : ` ${text}`;
}
