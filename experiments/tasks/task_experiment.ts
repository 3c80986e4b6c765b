import type { Experiment } from "#lib/bench/experiment.ts";
import { taskFiles } from "#lib/data/task_folder.ts";
import { checkDistinct, makingOf, type RegisteredMethod, rowOf, runMethod } from "#lib/bench/method_registry.ts";
import { SEQUENCE_TASK_NAMES, SEQUENCE_TASKS } from "./registry.ts";
import { TASK_SPECIFIC } from "./task_settings.ts";
import { t5MakingOf, t5TaskOf } from "./checkpoint_t5_task.ts";
import { STUDENT_SIZES, type T5Subject, taskName, taskProfile } from "./t5_task.ts";
import { Workbench } from "#lib/bench/workbench.ts";

/** Every data set with every size of student, a data set's sizes side by side. */
export const T5_SUBJECTS: readonly T5Subject[] = SEQUENCE_TASK_NAMES.flatMap((corpus) =>
  STUDENT_SIZES.map((size) => ({ corpus, size }))
);

type TaskExperiment = Pick<Experiment, "name" | "source" | "description" | "onlyWhenNamed" | "report"> & {
  readonly methods: Readonly<Record<string, RegisteredMethod>>;
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
  checkDistinct(methods);
  return {
    ...experiment,
    sections: [TASK_SPECIFIC],
    tasks: subjects.map(taskName),
    methods: Object.entries(methods).map(([name, method]) =>
      rowOf(name, method, (profile, task = "") => {
        const subject = subjectOf(task);
        return makingOf(method, taskProfile(profile, subject), t5MakingOf(profile, subject));
      })
    ),
    settings: (profile, task) => taskProfile(profile, subjectOf(task)),
    dataFiles(folder, task) {
      const { corpus } = subjectOf(task);
      return taskFiles(corpus, SEQUENCE_TASKS[corpus].format, folder);
    },
    async open(context, task) {
      const subject = subjectOf(task);
      // A task's data is read when it first runs: with `--data` there may be no other.
      const bench = await Workbench.open(context, await t5TaskOf(context, subject));
      return {
        get description() {
          return { [subject.corpus]: bench.texts.description, ...bench.descriptions };
        },
        cell: (name, seed) => runMethod(methods[name], bench, { name, seed }),
      };
    },
  };
}
