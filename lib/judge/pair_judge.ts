import { InputError } from "#lib/errors.ts";
import { sha256 } from "#lib/endpoint/answer_cache.ts";
import { Examiner, type ExaminerOptions, openOptions } from "#lib/endpoint/examiner.ts";
import type { Message } from "#lib/endpoint/messages.ts";
import { COMPARING, type JudgedPair, pairComparison, type Verdict } from "./pair_comparison.ts";
import { JUDGE, type JudgeSettings } from "./settings.ts";
import { asOpened, type JudgeOpening } from "./judge_network.ts";

/** Something to be judged before there is anything to judge. */
const PROBE: JudgedPair = {
  prompt: "Name the colour of a clear sky at noon.",
  texts: ["It is blue.", "It is a cheese."],
};

/** What the second text of a pair is to the first. */
const OTHER: Readonly<Record<Verdict, Verdict>> = { first: "second", second: "first", tie: "tie" };

/**
 * The judge of pairs of the settings, with the key of `JUDGE_API_KEY` and the permission to reach its host.
 *
 * @throws {InputError} if the settings name no endpoint, the host may not be reached, or the key cannot be sent
 */
export async function openPairJudge(settings: JudgeSettings, options: JudgeOpening): Promise<PairJudge> {
  if (settings.url === "") {
    throw new InputError(
      "judge.url names no endpoint: say who judges pairs, as in --set judge.url=http://localhost:8080/v1 --set judge.model=NAME",
    );
  }
  return new PairJudge(settings, await openOptions(settings.url, JUDGE, asOpened(settings, options)));
}

/**
 * Says which of two texts is better, by a language model. Which text it is shown first is decided by hashes of the two, so that a
 * liking of judges for one place (Zheng et al. 2023, arXiv 2306.05685) evens out over the pairs, and a pair the other way round gets the
 * opposite verdict without being asked again. Verdicts are kept.
 */
export class PairJudge {
  readonly #examiner: Examiner<Verdict>;

  constructor(settings: JudgeSettings, options: ExaminerOptions) {
    this.#examiner = new Examiner(COMPARING, JUDGE, settings, options);
  }

  /**
   * The verdicts on pairs, or on the first `maxItems` of them.
   *
   * @param stop ends it with its reason
   * @throws {InputError} if the endpoint cannot be reached, refuses, or replies with no verdict twice; the verdicts so far are kept
   */
  async verdicts(pairs: readonly JudgedPair[], stop?: AbortSignal): Promise<Verdict[]> {
    const verdicts = await this.#examiner.answers(pairs, questionAbout, stop);
    return await Promise.all(
      verdicts.map(async (verdict, i) => await isInOrder(pairs[i]) ? verdict : OTHER[verdict]),
    );
  }

  /**
   * Asks for the verdict on a pair of its own, so that what is wrong with address, key or model shows before hours of training. The verdict
   * is kept, as all are: where the others are kept, too, nobody is asked.
   *
   * @throws {InputError} as `verdicts`
   */
  async check(stop?: AbortSignal): Promise<void> {
    await this.verdicts([PROBE], stop);
  }
}

async function questionAbout(pair: JudgedPair): Promise<Message[]> {
  const [first, second] = pair.texts;
  return pairComparison(pair.prompt, await isInOrder(pair) ? [first, second] : [second, first]);
}

/** Whether the judge is shown the pair's first text first. */
async function isInOrder({ prompt, texts }: JudgedPair): Promise<boolean> {
  const [first, second] = await Promise.all(texts.map((text) => sha256(JSON.stringify([prompt, text]))));
  return first <= second;
}
