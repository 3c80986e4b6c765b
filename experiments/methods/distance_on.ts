import { fromSft, type Method } from "#lib/bench/method.ts";
import { drawsOf, teacherTextsOf } from "#lib/bench/student_texts.ts";
import { distilOn } from "#lib/bench/text_training.ts";
import type { Distance } from "#lib/objectives/distance.ts";
import { distanceAlone } from "#lib/objectives/distillation.ts";

/** Whose texts a distance is taken on. */
export const TEXTS = { off: "the teacher's texts", on: "the student's own texts", both: "texts of both" } as const;
export type Side = keyof typeof TEXTS;

/** Minimises one distance at the states of texts of one side, or of as many texts of each. */
export function distanceOn(name: string, distance: Distance, side: Side): Method {
  return fromSft({
    summary: `${name} on ${TEXTS[side]}`,
    module: import.meta.url,
    variant: JSON.stringify({ distance, side }),
    key: `${JSON.stringify(distance)} ${side}`,
    async train(run) {
      const teacherTexts = await teacherTextsOf(run);
      const { student } = drawsOf(run);
      const texts = {
        off: teacherTexts,
        on: student,
        both: async () => [...teacherTexts(), ...await student()],
      }[side];
      await distilOn(run, texts, distanceAlone(distance));
    },
  });
}
