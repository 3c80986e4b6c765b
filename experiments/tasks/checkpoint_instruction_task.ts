import type { RunContext } from "#lib/bench/experiment.ts";
import type { TaskMaking } from "#lib/bench/method_registry.ts";
import type { Profile } from "#lib/bench/profile.ts";
import type { Task } from "#lib/bench/task.ts";
import { hasCheckpoints, newModelOf, pairCodecOf, pairOf, withCheckpoints } from "#lib/distillation/checkpoint_task.ts";
import { encodeInstructions } from "#lib/distillation/instruction_texts.ts";
import { INSTRUCTION_TEMPLATE } from "#lib/tokenizers/prompt_template.ts";
import { readInstructionRecords } from "./instruction_data.ts";
import { instructionMaking, type InstructionSubject, instructionTask } from "./instruction_task.ts";

/** What the tables of checkpoints call their family: it is that of the checkpoints. */
const CHECKPOINTS = "checkpoints";

/** The task of an instruction table, of models of sizes or of checkpoints, as the profile says. */
export async function instructionTaskOf(context: RunContext, subject: InstructionSubject): Promise<Task> {
  const { profile } = context;
  const task = instructionTask(context, subject);
  if (!hasCheckpoints(profile)) return task;
  const pair = await pairOf(context);
  return {
    ...task,
    name: instructionMakingOf(profile, subject).name,
    corpus: CHECKPOINTS,
    made: { settings: {}, numerics: instructionMakingOf(profile, subject).numerics },
    async readTexts() {
      const data = await readInstructionRecords(profile.data, context.dataFolder);
      return await encodeInstructions(data, pair, profile.data, (message) => context.say(message));
    },
    newModel: newModelOf(pair, profile),
    pairs: { ...task.pairs, codec: pairCodecOf(INSTRUCTION_TEMPLATE) },
  };
}

/** What decides the numbers of its cells beside the common sections. */
export function instructionMakingOf(profile: Profile, subject: InstructionSubject): TaskMaking {
  const making = instructionMaking(profile, subject);
  if (!hasCheckpoints(profile)) return making;
  return withCheckpoints({ ...making, name: making.name.replace(/^[^/]+/, CHECKPOINTS) });
}
