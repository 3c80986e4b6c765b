import type { Oracle } from "./oracle.ts";

/**
 * Prefers the teacher's text, always: labels that need no oracle, whose Bradley-Terry fit tells teacher from student as the discriminator
 * of adversarial imitation does. The difference is ±∞, which no noise moves.
 */
export const teacherWins: Oracle = {
  name: "teacherWins",
  differences: (contests) =>
    Promise.resolve(contests.map(({ writers: [first, second] }, i) => {
      if (first === second) {
        throw new RangeError(
          `Cannot label pair ${i}: teacherWins needs one text of the teacher, not two of the ${first}`,
        );
      }
      return first === "teacher" ? Infinity : -Infinity;
    })),
};
