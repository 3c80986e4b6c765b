import type { DataNotes } from "#lib/data/data_notes.ts";
import { fitPrompt, type PromptLimit } from "#lib/data/prompt.ts";
import { InputError } from "#lib/errors.ts";
import { excerpt } from "#lib/visible_text.ts";
import type { PairCodec } from "./pair_codec.ts";
import type { PairRecord } from "./pair_record.ts";
import type { PreferencePair } from "./preference_pair.ts";

export interface PairLimits extends PromptLimit {
  /** Tokens of a response, its end included. */
  readonly maxNewTokens: number;
  /** What the limits are called in the profile. */
  readonly settings: { readonly prompt: string; readonly response: string };
}

/** The limits of instruction following. */
export const INSTRUCTION_LIMITS = { prompt: "data.maxPromptTokens", response: "data.maxNewTokens" } as const;

/** The fate of a record: a pair, with what was cut of it, or why it is left out. */
type Fitted =
  | { readonly pair: PreferencePair; readonly prompt: "whole" | "cut"; readonly cutTexts: number }
  | { readonly lost: "longPrompt" | "equalTexts" };

const SET = "preferences";

/**
 * Pairs of a file as tokens, within the limits of the profile: a pair whose prompt is over its limit is left out or cut, as
 * `longPrompts` says; a text over its limit is cut, so that its end is not learned; a pair whose texts are the same up to there is left
 * out. What is lost is noted, as are prompts that are not among the known ones and letters that models do not know.
 *
 * @throws {InputError} if no pair is left, or none has a text that is whole: what the limit is, and what would fit
 */
export function encodePairs(
  records: readonly PairRecord[],
  codec: PairCodec,
  limits: PairLimits,
  notes: DataNotes,
): PreferencePair[] {
  const fitted = records.map((record) => fit(record, codec, limits));
  const kept = fitted.filter((each) => "pair" in each);
  const lost = (why: "longPrompt" | "equalTexts") =>
    fitted.filter((each) => "lost" in each && each.lost === why).length;
  const { maxPromptTokens, maxNewTokens, settings } = limits;
  if (lost("longPrompt") === records.length) {
    const shortest = least(records.map(({ prompt }) => codec.promptIds(prompt).length));
    throw new InputError(
      `${SET}: none of the ${records.length} prompts has at most ${maxPromptTokens} tokens, the shortest has ${shortest}; ` +
        `raise ${settings.prompt}`,
    );
  }
  const cutTexts = kept.reduce((sum, each) => sum + each.cutTexts, 0);
  if (cutTexts === 2 * kept.length) {
    const shortest = least(
      records.flatMap(({ first, second }) => [first, second].map((text) => codec.responseIds(text).length)),
    );
    throw new InputError(
      `${SET}: all texts are longer than ${maxNewTokens} tokens, or the same where they are not; the shortest has ${shortest} ` +
        `with its end; raise ${settings.response}`,
    );
  }
  const longPrompts = `prompts are longer than ${maxPromptTokens} tokens (${settings.prompt})`;
  notes.count(SET, lost("longPrompt"), records.length, `${longPrompts} and left out`);
  notes.count(SET, kept.filter(({ prompt }) => prompt === "cut").length, records.length, `${longPrompts} and cut`);
  const longTexts = `texts are longer than ${maxNewTokens} tokens (${settings.response})`;
  notes.count(SET, cutTexts, 2 * kept.length, `${longTexts} and cut: their ends are not learned`);
  notes.count(
    SET,
    lost("equalTexts"),
    records.length,
    "pairs have texts that are the same in tokens, and are left out",
  );
  const unknown = records.filter(({ prompt }) => !codec.isKnown(prompt));
  const first = excerpt(unknown[0]?.prompt ?? "");
  notes.count(
    SET,
    unknown.length,
    records.length,
    `prompts are not among those of the training data, first "${first}"`,
  );
  notes.unknownLetters(SET, kept.map(({ pair }) => pair.prompt), codec.unknownId);
  return kept.map(({ pair }) => pair);
}

/**
 * Pairs as people read them. A response that was cut, without the end-of-text token, looks like one that ended; one that was sampled in
 * other pieces than its text is encoded in comes back in those.
 */
export function recordsOf(pairs: readonly PreferencePair[], codec: PairCodec): PairRecord[] {
  return pairs.map(({ prompt, texts: [first, second], label, oracle, round }) => ({
    prompt: codec.promptText(prompt),
    first: codec.responseText(first),
    second: codec.responseText(second),
    label,
    oracle,
    round,
  }));
}

function fit(
  { prompt, first, second, label, oracle, round }: PairRecord,
  codec: PairCodec,
  limits: PairLimits,
): Fitted {
  const whole = codec.promptIds(prompt);
  const promptIds = fitPrompt(whole, limits);
  if (promptIds === undefined) return { lost: "longPrompt" };
  const texts = [first, second].map((text) => codec.responseIds(text));
  const [a, b] = texts.map((ids) => ids.slice(0, limits.maxNewTokens));
  if (a.join() === b.join()) return { lost: "equalTexts" };
  return {
    pair: { prompt: promptIds, texts: [a, b], label, oracle, round },
    prompt: promptIds.length < whole.length ? "cut" : "whole",
    cutTexts: texts.filter((ids) => ids.length > limits.maxNewTokens).length,
  };
}

function least(lengths: readonly number[]): number {
  return lengths.reduce((a, b) => Math.min(a, b));
}
