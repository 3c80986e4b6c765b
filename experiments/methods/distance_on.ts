import { z } from "zod";
import { fromSft } from "#lib/bench/method.ts";
import { insideUnit } from "#lib/bench/setting_schemas.ts";
import { issuesOfSharing, promptDraws, shareTexts, teacherTextsOf } from "#lib/bench/student_texts.ts";
import { distilOn } from "#lib/bench/text_training.ts";
import type { Distance } from "#lib/objectives/distance.ts";
import { distanceAlone } from "#lib/objectives/distillation.ts";

/** Whose texts a distance is taken on. */
export const TEXTS = { off: "the teacher's texts", on: "the student's own texts", both: "texts of both" } as const;
export type Side = keyof typeof TEXTS;

/** The distances of AMMD's Definition 3. */
const distance: z.ZodType<Distance> = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.enum(["forwardKl", "reverseKl", "totalVariation"]) }),
  z.strictObject({ kind: z.literal("jensenShannon"), weight: insideUnit }),
]);

/** A distribution distance in the place of the moments: the rows of the experiment `distances` are its variants. */
export const distanceOn = fromSft({
  summary: "one distance at the states of texts of one side, or half and half of both",
  source: {
    title: "Adversarial Moment-Matching Distillation of Large Language Models (Jia), Definition 3",
    year: 2024,
    url: "https://arxiv.org/abs/2406.02959",
  },
  equation: "loss = D(p, q), D and the texts as the settings have them",
  label: "Distance",
  numerics: 2,
  teacher: "probabilities",
  settings: z.strictObject({
    distance: distance.default({ kind: "totalVariation" }).describe(
      "D, the distance between the two policies at a state",
    ),
    side: z.enum(["off", "on", "both"]).default("both")
      .describe("whose texts: the teacher's, the student's own, or half of each"),
  }),
  check: ({ side }, profile) => issuesOfSharing(profile, side === "both" ? 2 : 1, "side"),
  async train(run, { distance, side }) {
    const shares = shareTexts(run, { off: side !== "on", on: side !== "off" });
    const teacherTexts = await teacherTextsOf(run, shares.off);
    const draw = promptDraws(run, { size: shares.on });
    const student = async () => (await draw(1))[0];
    const texts = {
      off: teacherTexts,
      on: student,
      both: async () => [...teacherTexts(), ...await student()],
    }[side];
    await distilOn(run, texts, distanceAlone(distance));
  },
});
