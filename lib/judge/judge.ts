import { sha256 } from "#lib/endpoint/answer_cache.ts";
import { comparison, type Grades, GRADING, type JudgedItem } from "./comparison.ts";
import { Examiner, type ExaminerOptions, openOptions } from "#lib/endpoint/examiner.ts";
import type { Message } from "#lib/endpoint/messages.ts";
import { JUDGE, type JudgeSettings } from "./settings.ts";
import { asOpened, type JudgeOpening } from "./judge_network.ts";

/** Something to be judged before there is anything to judge. */
const PROBE: JudgedItem = {
  instruction: "Name the colour of a clear sky at noon.",
  input: "",
  reference: "Blue.",
  response: "It is blue.",
};

/**
 * The judge of the settings, with the key of `JUDGE_API_KEY` and the permission to reach its host; undefined where they name none: a
 * table without its column, not with zeros.
 *
 * @throws {InputError} if the host may not be reached, or the key cannot be sent
 */
export async function openJudge(
  settings: JudgeSettings,
  options: JudgeOpening,
): Promise<Judge | undefined> {
  return settings.url === ""
    ? undefined
    : new Judge(settings, await openOptions(settings.url, JUDGE, asOpened(settings, options)));
}

/**
 * Scores responses by a language model: the "GPT-4 feedback" of MiniLLM (Gu et al. 2023, arXiv 2306.08543), which its followers report,
 * too. The judge sees instruction, response and reference answer and grades both answers from 1 to 10; a set's score is the total of the
 * responses' grades over the total of the references'. Ours: the words of the prompt; and which answer stands first, decided for each
 * item by a hash of its instruction, input and reference, so that a liking of judges for one place (Zheng et al. 2023, arXiv 2306.05685)
 * evens out over a set and is the same for every method.
 */
export class Judge {
  readonly #examiner: Examiner<Grades>;

  constructor(settings: JudgeSettings, options: ExaminerOptions) {
    this.#examiner = new Examiner(GRADING, JUDGE, settings, options);
  }

  /**
   * Scores the responses of one set, or of its first `maxItems` items. A score is the response's grade over the mean grade of the
   * references, a fraction that may exceed 1; so the mean of the scores is the ratio of the totals.
   *
   * @throws {InputError} if the endpoint cannot be reached, refuses, or answers with no grades twice; the answers so far are kept
   */
  async score(items: readonly JudgedItem[]): Promise<number[]> {
    const answers = await this.#examiner.answers(items, questionAbout);
    const grades = await Promise.all(
      answers.map(async ([first, second], i) =>
        await standsFirst(items[i]) ? { response: first, reference: second } : { response: second, reference: first }
      ),
    );
    const referenceTotal = grades.reduce((sum, { reference }) => sum + reference, 0);
    return grades.map(({ response }) => response * grades.length / referenceTotal);
  }

  /**
   * Asks for one judgement that is not kept: what is wrong with address, key or model shows before hours of training, not after.
   *
   * @throws {InputError} as `score`
   */
  async check(): Promise<void> {
    await this.#examiner.check(comparison(PROBE, [PROBE.response, PROBE.reference]));
  }
}

async function questionAbout(item: JudgedItem): Promise<Message[]> {
  const { response, reference } = item;
  return comparison(item, await standsFirst(item) ? [response, reference] : [reference, response]);
}

/** Whether an item's response stands before its reference. */
async function standsFirst({ instruction, input, reference }: JudgedItem): Promise<boolean> {
  const hash = await sha256(JSON.stringify([instruction, input, reference]));
  return parseInt(hash[0], 16) % 2 === 0;
}
