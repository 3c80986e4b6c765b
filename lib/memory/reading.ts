import type { ModelConfig } from "#lib/models/model_config.ts";
import { widthsOf } from "./activations.ts";

/** What the widest tensor of a layer may take where a model reads many texts by itself. */
const MOST_BYTES = 64 * 2 ** 20;
const MOST_TEXTS = 64;

/**
 * How many texts of so many tokens a model reads at once, where it is to read more than those of a step: as many as make 64 MiB of its
 * layers' widest tensor, 64 at most and one at least.
 */
export function textsReadAtOnce(config: ModelConfig, tokens: number, most = MOST_TEXTS): number {
  const widest = Math.max(...widthsOf(config).map(({ width }) => width));
  const fitting = Math.floor(MOST_BYTES / (4 * widest * tokens));
  return Math.min(most, Math.max(1, fitting));
}

/** Texts one group after another, as a model reads them at once; in their order. @param most of a group */
export function* readableGroups<Text>(
  config: ModelConfig,
  texts: readonly Text[],
  tokensOf: (text: Text) => number,
  most = MOST_TEXTS,
): Generator<readonly Text[]> {
  for (let start = 0; start < texts.length;) {
    let [end, longest] = [start, 0];
    while (end < texts.length) {
      longest = Math.max(longest, tokensOf(texts[end]));
      if (end > start && end - start >= textsReadAtOnce(config, longest, most)) break;
      end++;
    }
    yield texts.slice(start, end);
    start = end;
  }
}
