import { BpeTokenizer, INSTRUCTION_TOKENS } from "#lib/data/bpe_tokenizer.ts";
import { trainBpe } from "#lib/data/bpe_trainer.ts";
import { loadInstructionFolder } from "#lib/data/instruction_folder.ts";
import { buildInstructionTasks } from "#lib/data/instruction_tasks.ts";
import { encodeResponse, fitPrompts, tokenizerTexts } from "#lib/data/prompt.ts";
import type { InstructionData, InstructionRecord } from "#lib/data/records.ts";
import { InputError } from "#lib/errors.ts";
import type { Profile } from "#lib/bench/profile.ts";
import type { Texts } from "#lib/bench/texts.ts";

const DATA_SEED = 1;

/** Reads the data (the embedded tasks, or the folder of `--data`), trains the tokenizer on its training texts, and encodes. */
export async function readInstructionTexts(settings: Profile["data"], folder?: string): Promise<Texts> {
  const { wordsPerCategory, trainRecords, itemsPerSet, vocabSize, maxNewTokens, maxPromptTokens } = settings;
  const data: InstructionData = folder === undefined
    ? buildInstructionTasks({ wordsPerCategory, trainRecords, itemsPerSet, seed: DATA_SEED })
    : await loadInstructionFolder(folder, { trainRecords, itemsPerSet });
  if (data.evaluation.length === 0) throw new InputError(`${folder}: no evaluation set beside the training records`);
  const tokenizer = trainTokenizer(data.train, vocabSize);
  const notes: Record<string, { dropped: number; truncated: number }> = {};
  const fit = (name: string, records: readonly InstructionRecord[]) => {
    const { prompts, droppedCount, truncatedCount } = fitPrompts(tokenizer, records, settings);
    notes[name] = { dropped: droppedCount, truncated: truncatedCount };
    if (prompts.length === 0) {
      throw new InputError(`${name}: no prompt has at most ${maxPromptTokens} tokens; raise maxPromptTokens`);
    }
    return { name, prompts };
  };
  return {
    tokenizer,
    vocabSize: Math.ceil(tokenizer.vocabSize / 4) * 4,
    maxPositions: maxPromptTokens + maxNewTokens,
    train: fit("train", data.train).prompts.map(({ record, promptIds }) => ({
      prompt: promptIds,
      response: encodeResponse(tokenizer, record.response).slice(0, maxNewTokens),
    })),
    validation: fit("validation", data.validation),
    evaluation: data.evaluation.map(({ name, records }) => fit(name, records)),
    eosId: tokenizer.specialId("<eos>"),
    padId: tokenizer.specialId("<pad>"),
    description: {
      source: data.source,
      vocabulary: tokenizer.vocabSize,
      leaked_prompts: Object.fromEntries(data.leakCounts),
      long_prompts: notes,
    },
  };
}

function trainTokenizer(records: readonly InstructionRecord[], vocabSize: number): BpeTokenizer {
  try {
    return new BpeTokenizer(trainBpe(tokenizerTexts(records), { vocabSize, specialTokens: INSTRUCTION_TOKENS }));
  } catch (error) {
    // The alphabet is the data's, so only now can a size turn out too small.
    if (error instanceof RangeError) throw new InputError(`data.vocabSize is ${vocabSize}: ${error.message}`);
    throw error;
  }
}
