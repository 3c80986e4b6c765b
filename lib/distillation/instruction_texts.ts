import type { Profile } from "#lib/bench/profile.ts";
import type { Texts } from "#lib/bench/texts.ts";
import { DataNotes } from "#lib/data/data_notes.ts";
import type { InstructionData, InstructionRecord } from "#lib/data/records.ts";
import { InputError } from "#lib/errors.ts";
import { hasRougeWord } from "#lib/metrics/rouge_l.ts";
import { INSTRUCTION_LIMITS } from "#lib/preferences/encode_pairs.ts";
import { INSTRUCTION_TEMPLATE } from "#lib/tokenizers/prompt_template.ts";
import type { ModelPair } from "./pairing.ts";
import { SetEncoder } from "./set_encoder.ts";

/**
 * Instructions as two checkpoints read them: in the form of Alpaca and MiniLLM, by their own tokenizer. Prompts over the limit are left out,
 * responses over theirs cut, and both are noted.
 *
 * @throws {InputError} if limits are more than the models read, prompts are to be cut, or nothing is left of a set
 */
export async function encodeInstructions(
  data: InstructionData,
  pair: ModelPair,
  { maxPromptTokens, maxNewTokens, longPrompts }: Profile["data"],
  say: (message: string) => void,
): Promise<Texts> {
  const { teacher, student: { codec, layout, padId, eosIds }, actionCount, maxPositions } = pair;
  if (longPrompts !== "drop") {
    throw new InputError(`data.longPrompts is ${longPrompts}: prompts of checkpoints are left out whole; write drop`);
  }
  if (maxPromptTokens + maxNewTokens > maxPositions) {
    throw new InputError(
      `prompts of ${maxPromptTokens} and responses of ${maxNewTokens} tokens are more than the ${maxPositions} that ` +
        "the checkpoints read; lower data.maxPromptTokens or data.maxNewTokens",
    );
  }
  const notes = new DataNotes(undefined, data.notes);
  const ends = [...new Set([...eosIds, ...teacher.eosIds])];
  const encoder = new SetEncoder({
    ...{ codec, layout, template: INSTRUCTION_TEMPLATE, actionCount, maxPositions, maxPromptTokens, maxNewTokens, say },
    ...{ eosIds: ends, limits: INSTRUCTION_LIMITS },
  }, notes);
  const encode = (name: string, records: readonly InstructionRecord[]) =>
    encoder.encode({ name, form: "instruction", records, files: [] });
  const train = encoder.trajectoriesOf(await encode("train", data.train));
  const validation = encoder.promptsOf(await encode("validation", data.validation));
  const evaluation = [];
  for (const { name, records } of data.evaluation) {
    const set = encoder.promptsOf(await encode(name, records));
    notes.unseenReferences(name, set.prompts.map(({ record }) => record), "ROUGE-L", hasRougeWord);
    evaluation.push(set);
  }
  return {
    ...{ codec, maxPositions, padId, train, validation, evaluation },
    eosIds: ends,
    vocabSize: actionCount,
    answerIds: encoder.answerIds,
    description: {
      source: data.source,
      vocabulary: actionCount,
      leaked_prompts: Object.fromEntries(data.leakCounts),
      ...notes.description,
    },
  };
}
