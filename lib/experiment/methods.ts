/** A way to train a student, or a player of the comparison, as the tables name it. */
export interface MethodDescription {
  readonly name: string;
  readonly summary: string;
}

/** The methods of the tables, in the order of their rows. */
export const METHODS = [
  { name: "teacher", summary: "the larger model that the students are to imitate" },
  { name: "sft", summary: "student fine-tuned on the data; where every method below starts" },
  { name: "sft_continued", summary: "fine-tuning for as many further steps as the distilled students take" },
  { name: "kd", summary: "the teacher's next-token probabilities at the states of the data (Hinton et al. 2015)" },
  { name: "ammd_off", summary: "moment matching on the teacher's texts only (AMMD, Proposition 1)" },
  { name: "ammd_on", summary: "moment matching on the student's own texts only (AMMD, Proposition 2)" },
  { name: "ammd", summary: "adversarial moment matching on both (AMMD, Algorithm 1)" },
  { name: "ammd_sft", summary: "the same with cross-entropy on the data added" },
] as const satisfies readonly MethodDescription[];

export type MethodName = typeof METHODS[number]["name"];

export const METHOD_NAMES: readonly MethodName[] = METHODS.map(({ name }) => name);
