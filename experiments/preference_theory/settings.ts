import { z } from "zod";
import { defineSection } from "#lib/bench/section.ts";
import { count, insideUnit, positive } from "#lib/bench/setting_schemas.ts";

const MAX_TEXTS = 256;
const MAX_PAIRS = 1_000_000;
/** A slope needs more than two points to say anything of a power law. */
const LEAST_SIZES = 3;

const ascending = (values: readonly number[]) => values.every((value, i) => i === 0 || value > values[i - 1]);

/** The section of preferences on problems small enough to enumerate. */
export const PREFERENCE_THEORY = defineSection({
  name: "preferenceTheory",
  schema: z.strictObject({
    vocabSize: z.int().min(2).default(3).describe("words"),
    horizon: z.int().min(2).default(3).describe("words of a text"),
    gamma: positive.max(1).default(0.9).describe("discount of later words"),
    prompts: count.default(3).describe("that texts answer"),
    teacherSharpness: positive.default(2).describe("factor of the values that the teacher's words follow"),
    studentSharpness: positive.default(0.5).describe("the same of the student before distillation"),
    teacherError: z.number().min(0).default(1).describe(
      "how far the reward that both follow is from the preferred one",
    ),
    rewardBound: positive.default(8).describe("on the length of a reward's weights, without its blind directions"),
    delta: insideUnit.default(0.05).describe("δ: twice the slack ζ is log(N/δ) nats of N pairs"),
    scales: z.array(positive).min(1).refine(ascending, "must ascend").default([
      ...[1 / 128, 1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4],
    ]).describe("factors of the preferred reward: how decided the preferences are"),
    sizes: z.array(count.max(MAX_PAIRS)).min(LEAST_SIZES).refine(ascending, "must ascend").default([
      ...[32, 128, 512, 2048, 8192, 32768],
    ]).describe("numbers of pairs, N"),
    draws: count.default(5).describe("of the pairs, that offline means are over"),
    firstPairs: count.default(32).describe("that online learning starts with"),
    pairsPerRound: count.default(2).describe("drawn in an online round"),
    rounds: z.int().min(64).default(1024).describe("T, of online learning"),
    pairsGrowth: z.number().min(1).default(1.1).describe(
      "online, a student is learned anew when there are so many times the pairs",
    ),
    onlineDraws: count.default(1).describe("of online learning, that its means are over"),
    identityDraws: count.default(200).describe("of sizes, tables and policies, for the identities"),
  }),
  check: ({ vocabSize, horizon, scales, rewardBound }) => [
    ...(vocabSize ** horizon <= MAX_TEXTS ? [] : [{
      path: ["horizon"],
      message:
        `there may be at most ${MAX_TEXTS} texts, vocabSize to the power of horizon, as all of their pairs are enumerated`,
    }]),
    ...(scales.includes(1)
      ? []
      : [{ path: ["scales"], message: "one of the scales must be 1, that of the drawn problem" }]),
    ...(Math.max(...scales) < rewardBound ? [] : [{
      path: ["rewardBound"],
      message:
        "must be above the greatest of the scales, so that the preferred reward is one of those that are searched",
    }]),
  ],
});

export type PreferenceTheorySettings = ReturnType<typeof PREFERENCE_THEORY.of>;
/** What a problem is drawn with. */
export type ProblemSettings = Pick<
  PreferenceTheorySettings,
  "vocabSize" | "horizon" | "gamma" | "prompts" | "teacherSharpness" | "studentSharpness" | "teacherError"
>;
