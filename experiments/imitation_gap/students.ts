/** A student by how far it is from the teacher (0) on the way to the other policy (1), in logits, and beyond. */
interface Student {
  readonly name: string;
  readonly summary: string;
  readonly distance: number;
}

export const STUDENTS: readonly Student[] = [0, 0.125, 0.25, 0.5, 1, 2].map((distance) => ({
  name: `distance_${distance}`,
  summary: summaryOf(distance),
  distance,
}));

function summaryOf(distance: number): string {
  if (distance === 0) return "the teacher itself";
  if (distance === 1) return "a policy that has nothing to do with the teacher";
  return `${distance} of the way from the teacher to the policy of distance_1, in logits`;
}

/** Scores have a data set; these are of a decision problem. */
export const DATASET = "mdp";
