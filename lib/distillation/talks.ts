import type { TrainingSets } from "#lib/data/training_sets.ts";
import type { TrainingRecord } from "#lib/data/training_file.ts";
import { type ChatTemplate, chatTemplateOf } from "#lib/tokenizers/chat_template.ts";
import type { PromptTemplate } from "#lib/tokenizers/prompt_template.ts";

/**
 * Records that are talks as prompts that a checkpoint's chat template has spelt, and the template that leaves them as they are.
 *
 * @throws {InputError} if the checkpoint has no chat template, or it refuses a talk
 */
export async function spellTalks(
  sets: TrainingSets,
  folder: string,
): Promise<{ readonly sets: TrainingSets; readonly template: PromptTemplate }> {
  const chat = await chatTemplateOf(folder);
  const spell = (records: readonly TrainingRecord[]) => spelled(records, chat);
  const [train, validation] = [spell(sets.train), spell(sets.validation)];
  const test = sets.test === sets.validation ? validation : spell(sets.test);
  return {
    sets: { ...sets, train, validation, test },
    template: {
      name: "chat",
      source: `talk\0${chat.source}`,
      spellsSpecialTokens: true,
      render: ({ instruction }) => instruction,
    },
  };
}

/** Records that are talks as prompts that a chat template has spelt. @throws {InputError} if it refuses a talk */
export function spelled(records: readonly TrainingRecord[], chat: ChatTemplate): TrainingRecord[] {
  return records.map((record) => ({
    ...record,
    instruction: chat.render(record.talk ?? [], { addGenerationPrompt: true }),
  }));
}
