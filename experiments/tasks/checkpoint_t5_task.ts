import type { RunContext } from "#lib/bench/experiment.ts";
import type { TaskMaking } from "#lib/bench/method_registry.ts";
import type { Profile } from "#lib/bench/profile.ts";
import type { Task } from "#lib/bench/task.ts";
import { hasCheckpoints, newModelOf, pairCodecOf, pairOf, withCheckpoints } from "#lib/distillation/checkpoint_task.ts";
import { encodeSources } from "#lib/distillation/source_texts.ts";
import { InputError } from "#lib/errors.ts";
import { metricLabel } from "#lib/metrics/metric_display.ts";
import { PLAIN_TEMPLATE, withPrefix } from "#lib/tokenizers/prompt_template.ts";
import { SEQUENCE_TASKS } from "./registry.ts";
import { type T5Subject, t5Task, taskMaking } from "./t5_task.ts";
import { readTask } from "./task_data.ts";
import { TASK_SPECIFIC } from "./task_settings.ts";

/**
 * A task of the task-specific table, of models of sizes or of checkpoints, as the profile says.
 *
 * @throws {InputError} if checkpoints are no encoder-decoders, or data cannot be read
 */
export async function t5TaskOf(context: RunContext, subject: T5Subject): Promise<Task> {
  const { profile } = context;
  const task = t5Task(context, subject);
  if (!hasCheckpoints(profile)) return task;
  const pair = await pairOf(context);
  if (pair.student.layout !== "encoderDecoder") {
    throw new InputError(`${pair.student.word} is a decoder; the tasks of this table are for encoder-decoders`);
  }
  const { corpus } = subject;
  const { metric } = SEQUENCE_TASKS[corpus];
  const { [corpus]: { hub, prefix = "", maxSourceTokens, maxTargetTokens }, ...settings } = TASK_SPECIFIC.of(profile);
  const { longSources, trainRecords, itemsPerSet } = settings;
  return {
    ...task,
    made: t5MakingOf(profile, subject),
    async readTexts() {
      const data = await readTask(corpus, hub, context.dataFolder);
      return await encodeSources(data, pair, {
        ...{ corpus, prefix, maxSourceTokens, maxTargetTokens, longSources, trainRecords, itemsPerSet },
        ...{ metric: metricLabel(metric.name), sees: (reference) => metric.sees?.(reference) ?? true },
      }, (message) => context.say(message));
    },
    newModel: newModelOf(pair, profile),
    pairs: { ...task.pairs, codec: pairCodecOf(withPrefix(PLAIN_TEMPLATE, prefix)) },
  };
}

/** What decides the numbers of its cells beside the common sections. */
export function t5MakingOf(profile: Profile, subject: T5Subject): TaskMaking {
  const making = taskMaking(profile, subject);
  // The teacher and the student of a task are those of its own settings.
  const { [subject.corpus]: { teacher, hub, prefix } } = TASK_SPECIFIC.of(profile);
  const more = { ...(hub && { hub }), ...(prefix && { prefix }) };
  const { taskSpecific } = making.settings as { readonly taskSpecific: object };
  const settings = Object.keys(more).length === 0 ? making.settings : {
    ...making.settings,
    taskSpecific: { ...taskSpecific, [`${subject.corpus} texts`]: more },
  };
  return teacher.checkpoint === undefined ? { ...making, settings } : withCheckpoints({ ...making, settings });
}
