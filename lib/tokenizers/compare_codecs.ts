import type { TextCodec } from "./text_codec.ts";

/** How far two tokenizers give ids the same meaning. */
export interface CodecAgreement {
  /** Whether all that decides ids is the same. */
  readonly isSame: boolean;
  /** The ids that both have: those below the smaller vocabulary. */
  readonly sharedIds: number;
  /** Of these, how many spell the same. */
  readonly agreeing: number;
  /** The first that does not. */
  readonly firstOther?: number;
}

/** Compares two tokenizers id by id: a student can be told a teacher's probabilities of the ids that spell the same in both. */
export function compareCodecs(a: TextCodec, b: TextCodec): CodecAgreement {
  const sharedIds = Math.min(a.vocabSize, b.vocabSize);
  if (a.digest === b.digest) return { isSame: true, sharedIds, agreeing: sharedIds };
  let [agreeing, firstOther]: [number, number | undefined] = [0, undefined];
  for (let id = 0; id < sharedIds; id++) {
    if (spelling(a, id) === spelling(b, id)) agreeing++;
    else firstOther ??= id;
  }
  return { isSame: false, sharedIds, agreeing, firstOther };
}

/** What an id spells; undefined where it has no token. */
function spelling(codec: TextCodec, id: number): string | undefined {
  try {
    return codec.decode([id], { keepSpecialTokens: true });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
