import { permitJudge } from "#lib/judge/judge_network.ts";
import { openPairJudge, type PairJudge } from "#lib/judge/pair_judge.ts";
import { judgeOracle } from "#lib/preferences/oracles/judge.ts";
import { metricOracle } from "#lib/preferences/oracles/metric.ts";
import type { Oracle, OracleName } from "#lib/preferences/oracles/oracle.ts";
import { teacherLogProb } from "#lib/preferences/oracles/teacher_log_prob.ts";
import { teacherWins } from "#lib/preferences/oracles/teacher_wins.ts";
import type { PairCodec } from "#lib/preferences/pair_codec.ts";
import type { Profile } from "./profile.ts";
import type { Workbench } from "./workbench.ts";

/** Where a judge's answers are kept, from the project's folder; may be deleted at any time, and git does not see it. */
export const CACHE_FOLDER = ".cache";

/** How often it is told how many pairs of a round are judged. */
const REPORTS = 4;

/**
 * Who labels the pairs of a run.
 *
 * @param perToken whether the teacher's log-probabilities are per token
 * @throws {InputError} what opening the judge does
 */
export async function oracleOf(
  bench: Workbench,
  name: OracleName,
  { perToken }: { readonly perToken: boolean },
  codec: PairCodec,
): Promise<Oracle> {
  const { gpu, task, profile: { evaluation: { batchSize } } } = bench;
  if (name === "metric") return metricOracle(task.pairs.metric, codec);
  if (name === "teacherWins") return teacherWins;
  if (name === "judge") return judgeOracle(await judgeOf(bench), codec);
  return teacherLogProb(gpu, (await bench.teacher()).model, { perToken, batchSize });
}

/**
 * Has the judge of pairs say one verdict, so that a wrong address, key or model shows before anything is trained. The verdict is kept, as
 * all are: a run whose pairs have been judged before asks nobody.
 *
 * @throws {InputError} if it cannot be reached, refuses, or gives no verdict
 */
export async function tryJudge(bench: Workbench): Promise<void> {
  await (await judgeOf(bench)).check(bench.stop);
}

/** What decides the verdicts of a profile's judge. */
export function countingOfJudge({ judge: { url, model, temperature, maxItems } }: Profile): object {
  return { url, model, temperature, maxItems };
}

/**
 * Makes sure that the judge of pairs may be reached by this process and those that it starts.
 *
 * @throws {InputError} where it may not: it tells the command that has the permission
 */
export async function permitJudgeOfPairs({ judge }: Profile): Promise<void> {
  await permitJudge(judge, { asked: ORACLE_IS_JUDGE });
}

/** The setting beside `judge.url` by which `./run` sees that a run asks a judge. */
const ORACLE_IS_JUDGE = "preferences.oracle=judge";

async function judgeOf({ profile, say }: Pick<Workbench, "profile" | "say">): Promise<PairJudge> {
  return await openPairJudge(profile.judge, {
    cacheFolder: CACHE_FOLDER,
    asked: ORACLE_IS_JUDGE,
    say,
    answered(done, total) {
      if (done % Math.ceil(total / REPORTS) === 0) say(`judge: ${done} of ${total} pairs`);
    },
  });
}
