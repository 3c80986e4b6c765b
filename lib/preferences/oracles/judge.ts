import type { PairJudge } from "#lib/judge/pair_judge.ts";
import type { Verdict } from "#lib/judge/pair_comparison.ts";
import type { PairCodec } from "../pair_codec.ts";
import type { Oracle } from "./oracle.ts";

const DIFFERENCES: Readonly<Record<Verdict, number>> = { first: 1, second: -1, tie: 0 };

/**
 * Prefers the text that a language model does, which is shown prompt and texts as a person would read them. The difference is 1, −1, or
 * 0 for a tie. Of each call the first `judge.maxItems` pairs are judged; it does not say of the others.
 */
export function judgeOracle(judge: PairJudge, codec: PairCodec): Oracle {
  return {
    name: "judge",
    async differences(contests, stop) {
      const pairs = contests.map(({ prompt, texts: [first, second] }) => ({
        prompt: codec.promptText(prompt),
        texts: [codec.responseText(first), codec.responseText(second)] as const,
      }));
      const verdicts = await judge.verdicts(pairs, stop);
      return contests.map((_, i) => i < verdicts.length ? DIFFERENCES[verdicts[i]] : undefined);
    },
  };
}
