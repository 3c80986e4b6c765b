import type { Made } from "./experiment.ts";
import { NUMERICS } from "./numerics.ts";
import type { Task } from "./task.ts";

/** What decides the numbers of a thing that cells share. @param sections of the profile that it reads, or parts of them, beside what all training does */
export function sharedMade({ profile: { data, optimizer }, made }: Task, sections: Made["settings"]): Made {
  return {
    settings: { data, optimizer, ...made.settings, ...sections },
    numerics: { ...NUMERICS, ...made.numerics },
  };
}

/** What decides those of the teacher. */
export function teacherMade(task: Task): Made {
  const { teacher, evaluation: { logEvery } } = task.profile;
  return sharedMade(task, { teacher, evaluation: { logEvery } });
}
