import type { ModelConfig } from "#lib/models/model_config.ts";
import { widthsOf } from "./activations.ts";

/** What the widest tensor of a layer may take where a model reads many texts by itself. */
const MOST_BYTES = 64 * 2 ** 20;
const MOST_TEXTS = 64;

/** Who reads. */
export interface Reader {
  readonly config: ModelConfig;
  /** Bytes that one tensor may have; default what every adapter binds. */
  readonly bindingLimit?: number;
  /** Texts at most; default 64. */
  readonly most?: number;
}

/**
 * How many texts of so many tokens a model reads at once, where it is to read more than those of a step: as many as make 64 MiB of its
 * layers' widest tensor, or less where the device binds less; one at least.
 */
export function textsReadAtOnce({ config, bindingLimit = MOST_BYTES, most = MOST_TEXTS }: Reader, tokens: number) {
  const widest = Math.max(...widthsOf(config).map(({ width }) => width));
  const fitting = Math.floor(Math.min(MOST_BYTES, bindingLimit) / (4 * widest * tokens));
  return Math.min(most, Math.max(1, fitting));
}

/** Texts one group after another, as a model reads them at once; in their order. */
export function* readableGroups<Text>(
  reader: Reader,
  texts: readonly Text[],
  tokensOf: (text: Text) => number,
): Generator<readonly Text[]> {
  for (let start = 0; start < texts.length;) {
    let [end, longest] = [start, 0];
    while (end < texts.length) {
      longest = Math.max(longest, tokensOf(texts[end]));
      if (end > start && end - start >= textsReadAtOnce(reader, longest)) break;
      end++;
    }
    yield texts.slice(start, end);
    start = end;
  }
}
