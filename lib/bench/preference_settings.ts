import { z } from "zod";
import type { RecipeChanges } from "./method.ts";
import type { Profile } from "./profile.ts";
import { defineSection, type SettingIssue } from "./section.ts";
import { count, insideUnit, positive } from "./setting_schemas.ts";

const textOrNone = z.string().min(1).nullable().default(null);

const schema = z.strictObject({
  file: textOrNone.describe("of pairs to learn from, as --preferences gives it; null has pairs drawn and labelled"),
  digest: textOrNone.describe("of the pairs in it, which --preferences takes: results are out of date when it changes"),
  oracle: z.enum(["metric", "teacherLogProb", "teacherWins"]).default("metric")
    .describe("who says which text of a pair is better: the task's metric, the teacher's probability, or who wrote it"),
  perToken: z.boolean().default(false)
    .describe("of oracle teacherLogProb: whether a text's log-probability is divided by its tokens"),
  temperature: z.number().min(0).default(0)
    .describe("noise of the labels, in units of the oracle; 0 always prefers the better text"),
  pairs: count.default(256).describe("drawn in all, over the rounds of a method"),
  rounds: count.default(3).describe("of pairs, where a method draws them of its student as it changes"),
  textsPerPrompt: count.default(2).describe("of the student, each in a pair of its own"),
  against: z.enum(["teacher", "itself"]).default("teacher")
    .describe("whose text the student's is compared with: the teacher's to the prompt, or another of its own"),
  learningRate: positive.nullable().default(null)
    .describe("peak rate of the methods that learn from pairs, the others' aside; null is distillation.learningRate"),
  heldOutShare: insideUnit.default(0.2).describe("of the prompts, whose pairs say when the fit of a reward is to stop"),
});

/** The section of methods that learn from preference pairs: where they come from, and how they are shared out. */
export const PREFERENCES = defineSection({
  name: "preferences",
  schema,
  check: (settings) => [...issuesOfFile(settings), ...issuesOfDrawing(settings)],
  /** Which pairs a file has, not where it is. The rate is part of a method's recipe. */
  counting: ({ file: _file, learningRate: _rate, ...settings }) => settings,
});

/** The recipe of a method that learns from pairs. */
export function recipeOfPairs(profile: Profile): RecipeChanges {
  const { learningRate } = PREFERENCES.of(profile);
  return learningRate === null ? {} : { learningRate };
}

type PreferenceSettings = z.output<typeof schema>;

function issuesOfFile({ file, digest }: PreferenceSettings): SettingIssue[] {
  return (file === null) === (digest === null)
    ? []
    : [{ path: [file === null ? "digest" : "file"], message: "name a file of pairs by --preferences FILE" }];
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
