import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import type { PairCodec } from "./pair_codec.ts";
import type { PreferencePair } from "./preference_pair.ts";

export type Writer = "teacher" | "student";

/** Two responses to one prompt of which nobody has said yet which is better. */
export interface Contest extends Pick<PreferencePair, "prompt" | "texts"> {
  /** Who wrote the first text, and who the second. */
  readonly writers: readonly [Writer, Writer];
  /** The data's own answers to the prompt. */
  readonly references: readonly string[];
}

/** Texts of one writer, one for each of some prompts. */
export interface WrittenTexts {
  readonly writer: Writer;
  readonly texts: readonly Trajectory[];
}

export interface Contests {
  readonly contests: readonly Contest[];
  /** Pairs left out because their texts read the same. */
  readonly equalTexts: number;
  /** Pairs left out because a text says nothing. */
  readonly emptyTexts: number;
}

/**
 * The texts of two writers to the same prompts, or two texts of one, prompt by prompt. Left out are pairs that no file of pairs can have.
 *
 * @param references the data's answers to the prompt of each place
 * @throws {RangeError} if the two are not of the same prompts
 */
export function contestsOf(
  first: WrittenTexts,
  second: WrittenTexts,
  references: readonly (readonly string[])[],
  codec: PairCodec,
): Contests {
  const counts = [first.texts.length, second.texts.length, references.length];
  if (new Set(counts).size > 1) {
    throw new RangeError(`Cannot pair texts: there are ${counts.join(" and ")} of them and their references`);
  }
  const contests: Contest[] = [];
  let [equalTexts, emptyTexts] = [0, 0];
  first.texts.forEach(({ prompt, response }, i) => {
    const other = second.texts[i];
    if (other.prompt.join() !== prompt.join()) {
      throw new RangeError(`Cannot pair texts: those of place ${i} answer different prompts`);
    }
    const [a, b] = [response, other.response].map((ids) => codec.responseText(ids));
    if (a.trim() === "" || b.trim() === "") emptyTexts++;
    else if (a === b) equalTexts++;
    else {
      const writers = [first.writer, second.writer] as const;
      contests.push({ prompt, texts: [response, other.response], writers, references: references[i] });
    }
  });
  return { contests, equalTexts, emptyTexts };
}
