import { EnumerableMdp, mean, type Table } from "#lib/objectives/enumerable_mdp.ts";
import { bounded, type Check, TOLERANCE } from "./check.ts";

/** By state: what was done so far, as digits; `""` is the start. */
type ByState = Readonly<Record<string, readonly number[]>>;

interface RecordedForm {
  readonly reward: ByState;
  readonly return_of_teacher: number;
  readonly return_of_student: number;
  readonly gap: number;
  readonly moment: number;
  readonly moment_of_the_other_form: number;
  readonly paths: readonly {
    readonly path: string;
    readonly teacher_probability: number;
    readonly student_probability: number;
    readonly return: number;
    readonly start_value_plus_advantages: number;
  }[];
}

export interface RecordedMdp {
  readonly actions: number;
  readonly steps: number;
  readonly gamma: number;
  readonly q: ByState;
  readonly teacher: ByState;
  readonly student: ByState;
  readonly b_student: RecordedForm;
  readonly b_teacher: RecordedForm;
}

/** Checks the rewards r_b of an enumerated problem, its returns and both identities of gap and moments, in float64. */
export function verifyPreferenceMdp(recorded: RecordedMdp): Check[] {
  const mdp = new EnumerableMdp({ vocabSize: recorded.actions, horizon: recorded.steps, gamma: recorded.gamma });
  const tableOf = (values: ByState) => tableByNumber(mdp, values);
  const [q, teacher, student] = [recorded.q, recorded.teacher, recorded.student].map(tableOf);
  const off = mdp.offPolicyMoment(q, teacher, student);
  const on = mdp.onPolicyMoment(q, teacher, student);
  return [
    ...formChecks("b_student", { b: student, moment: off, other: on }),
    ...formChecks("b_teacher", { b: teacher, moment: on, other: off }),
  ];

  function formChecks(
    form: "b_student" | "b_teacher",
    { b, moment, other }: { readonly b: Table; readonly moment: number; readonly other: number },
  ): Check[] {
    const expected = recorded[form];
    const reward = mdp.rewardOf(b, q);
    const [ofTeacher, ofStudent] = [teacher, student].map((policy) => mdp.return(policy, reward));
    const returns = mdp.discountedSums((state, action) => reward[state][action]);
    const advantages = mdp.advantages(b, q);
    const start = mean(q[0], b[0]);
    const sums = mdp.discountedSums((state, action) => advantages[state][action]).map((sum) => start + sum);
    const { paths } = expected;
    const places = paths.map(({ path }) => mdp.trajectories.findIndex((actions) => actions.join("") === path));
    const ofPaths = (values: readonly number[]) => places.map((place) => values[place]);
    const check = (name: string, actual: readonly number[], recordedValues: readonly number[]) =>
      checkFloat64(`${form}: ${name}`, actual, recordedValues);
    return [
      check("rewards", reward.flat(), tableOf(expected.reward).flat()),
      check("returns of both policies", [ofTeacher, ofStudent], [
        expected.return_of_teacher,
        expected.return_of_student,
      ]),
      check("gap", [ofTeacher - ofStudent], [expected.gap]),
      check("moment", [moment], [expected.moment]),
      check("moment is the gap", [moment], [ofTeacher - ofStudent]),
      check("moment of the other form", [other], [expected.moment_of_the_other_form]),
      check("teacher's paths", ofPaths(mdp.probabilities(teacher)), paths.map((path) => path.teacher_probability)),
      check("student's paths", ofPaths(mdp.probabilities(student)), paths.map((path) => path.student_probability)),
      check("returns of paths", ofPaths(returns), paths.map((path) => path.return)),
      check("start value plus advantages", ofPaths(sums), paths.map((path) => path.start_value_plus_advantages)),
    ];
  }
}

/** States in the order of their numbers, where action a leads from s to V s + a + 1. */
function tableByNumber({ vocabSize, stateCount }: EnumerableMdp, values: ByState): Table {
  const table: (readonly number[])[] = Array(stateCount).fill([]);
  for (const [path, row] of Object.entries(values)) {
    table[[...path].reduce((state, action) => vocabSize * state + Number(action) + 1, 0)] = row;
  }
  return table;
}

function checkFloat64(name: string, actual: readonly number[], expected: readonly number[]): Check {
  if (actual.length !== expected.length) {
    return { name, status: "FAIL", note: `${actual.length} values instead of ${expected.length}` };
  }
  return bounded(name, Math.max(...expected.map((value, i) => Math.abs(actual[i] - value))), TOLERANCE.float64);
}
