import { describeDataSets } from "#lib/reporting/display_names.ts";
import { iwslt } from "./iwslt.ts";
import { samsum } from "./samsum.ts";
import type { SequenceTask } from "./sequence_task.ts";
import { strategyqa } from "./strategyqa.ts";

/**
 * The data sets of AMMD's Table 2, in its order: summarisation, translation, reasoning. A name here is that of the data set in results,
 * of its folder in `--data`, and of its section of `taskSpecific` in a profile.
 */
export const SEQUENCE_TASKS = { samsum, iwslt, strategyqa } as const satisfies Readonly<Record<string, SequenceTask>>;

export type SequenceTaskName = keyof typeof SEQUENCE_TASKS;

export const SEQUENCE_TASK_NAMES = Object.keys(SEQUENCE_TASKS) as readonly SequenceTaskName[];

describeDataSets(SEQUENCE_TASKS);
