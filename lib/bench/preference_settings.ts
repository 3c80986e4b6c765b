import { z } from "zod";
import { ORACLE_NAMES } from "#lib/preferences/oracles/oracle.ts";
import { describeGiven, SECTION } from "./given_pairs.ts";
import { countingOfJudge, tryJudge } from "./pair_oracle.ts";
import type { Profile } from "./profile.ts";
import { defineSection, type SettingIssue } from "./section.ts";
import { count, insideUnit } from "./setting_schemas.ts";

const textOrNone = z.string().min(1).nullable().default(null);

const schema = z.strictObject({
  file: textOrNone.describe("of pairs to learn from, as --preferences gives it; null has pairs drawn and labelled"),
  digest: textOrNone.describe("of the pairs in it, which --preferences takes: results are out of date when it changes"),
  oracle: z.enum(ORACLE_NAMES).default("metric").describe(
    "who says which text of a pair is better: the task's metric, the judge of the section `judge`, " +
      "the teacher's probability, or who wrote it",
  ),
  perToken: z.boolean().default(false)
    .describe("of oracle teacherLogProb: whether a text's log-probability is divided by its tokens"),
  temperature: z.number().min(0).default(0)
    .describe("noise of the labels, in units of the oracle; 0 always prefers the better text"),
  pairs: count.default(256).describe("drawn in all, over the rounds of a method"),
  rounds: count.default(3).describe("of pairs, where a method draws them of its student as it changes"),
  textsPerPrompt: count.default(2).describe("of the student, each in a pair of its own"),
  against: z.enum(["teacher", "itself"]).default("teacher")
    .describe("whose text the student's is compared with: the teacher's to the prompt, or another of its own"),
  recorded: count.nullable().default(32)
    .describe("pairs of each round that pairs.jsonl has, from its first on; null for all"),
  heldOutShare: insideUnit.default(0.2).describe("of the prompts, whose pairs say when the fit of a reward is to stop"),
});

/** The section of methods that learn from preference pairs: where they come from, and how they are shared out. */
export const PREFERENCES = defineSection({
  name: SECTION,
  schema,
  check: (settings, profile) => [
    ...issuesOfFile(settings),
    ...issuesOfDrawing(settings),
    ...issuesOfJudge(settings, profile),
  ],
  /** Which pairs a file has, not where it is; who the judge is, where one is asked. */
  counting: ({ file: _, ...settings }, profile) => ({
    ...settings,
    ...(settings.oracle === "judge" ? { judge: countingOfJudge(profile) } : {}),
  }),
  async prepare(settings, bench) {
    if (settings.oracle === "judge") await tryJudge(bench);
    return await describeGiven(settings, bench);
  },
});

export type PreferenceSettings = z.output<typeof schema>;

function issuesOfFile({ file, digest }: PreferenceSettings): SettingIssue[] {
  return (file === null) === (digest === null)
    ? []
    : [{ path: [file === null ? "digest" : "file"], message: "name a file of pairs by --preferences FILE" }];
}

function issuesOfJudge({ oracle }: PreferenceSettings, { judge: { url } }: Profile): SettingIssue[] {
  if (oracle !== "judge" || url !== "") return [];
  const remedy = "--set judge.url=http://localhost:8080/v1 --set judge.model=NAME";
  return [{ path: ["oracle"], message: `needs the address of a judge: ${remedy}` }];
}

function issuesOfDrawing(
  { oracle, against, pairs, rounds, textsPerPrompt }: PreferenceSettings,
): SettingIssue[] {
  // Of two prompts one is fitted on and the other held out.
  const least = rounds * textsPerPrompt * 2;
  return [
    ...(oracle === "teacherWins" && against === "itself"
      ? [{ path: ["against"], message: "must be teacher where oracle is teacherWins" }]
      : []),
    ...(pairs < least
      ? [{ path: ["pairs"], message: `must be at least ${least}: 2 prompts of ${textsPerPrompt} in each round` }]
      : []),
  ];
}
