import { TASK_NAMES } from "#lib/data/task_records.ts";
import type { Experiment } from "./experiment.ts";
import type { Method } from "./method.ts";
import { STUDENT_SIZES, type T5Subject, t5Task, taskName, taskProfile } from "./t5_task.ts";
import { Workbench } from "./workbench.ts";

/** Every data set with every size of student, a data set's sizes side by side. */
export const T5_SUBJECTS: readonly T5Subject[] = TASK_NAMES.flatMap((corpus) =>
  STUDENT_SIZES.map((size) => ({ corpus, size }))
);

/** A method, and the tasks that it runs for where that is not all. */
export interface TaskMethod extends Method {
  readonly tasks?: readonly string[];
}

type TaskExperiment = Pick<Experiment, "name" | "source" | "description" | "onlyWhenNamed" | "report"> & {
  readonly methods: Readonly<Record<string, TaskMethod>>;
  /** Default: all. */
  readonly subjects?: readonly T5Subject[];
};

/** A table of encoder-decoders: method by task by seed, each trained once in a run that makes several tables. */
export function taskExperiment({ methods, subjects = T5_SUBJECTS, ...experiment }: TaskExperiment): Experiment {
  const subjectOf = (task = "") => {
    const subject = subjects.find((each) => taskName(each) === task);
    if (!subject) throw new RangeError(`Cannot run ${experiment.name}: it has no task "${task}"`);
    return subject;
  };
  return {
    ...experiment,
    unusedSections: ["data", "teacher", "student", "distillation", "imitationGap", "judge"],
    tasks: subjects.map(taskName),
    methods: Object.entries(methods).map(([name, { summary, key, tasks }]) => ({
      name,
      summary,
      tasks,
      key: (profile, task) => key(taskProfile(profile, subjectOf(task))),
    })),
    open(context) {
      // A task's data is read when it first runs: with `--data` there may be no other.
      const description: Record<string, unknown> = {};
      return Promise.resolve({
        description,
        async cell(name, seed, task) {
          const bench = await Workbench.open(context, t5Task(context, subjectOf(task)));
          description[bench.task.corpus] = bench.texts.description;
          const method = methods[name];
          return await bench.once(
            `cell ${method.key(bench.profile)}, seed ${seed}`,
            () => method.run(bench, name, seed),
          );
        },
      });
    },
  };
}
