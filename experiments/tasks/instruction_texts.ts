import { BpeTokenizer, INSTRUCTION_TOKENS } from "#lib/data/bpe_tokenizer.ts";
import { trainBpe } from "#lib/data/bpe_trainer.ts";
import { DataNotes } from "#lib/data/data_notes.ts";
import { encodePrompt, encodeResponse, fitPrompts, type FittedPrompt, tokenizerTexts } from "#lib/data/prompt.ts";
import type { InstructionRecord } from "#lib/data/records.ts";
import { InputError } from "#lib/errors.ts";
import { hasRougeWord } from "#lib/metrics/rouge_l.ts";
import type { Profile } from "#lib/bench/profile.ts";
import { ProjectCodec } from "#lib/tokenizers/project_codec.ts";
import type { Texts } from "#lib/bench/texts.ts";
import { readInstructionRecords } from "./instruction_data.ts";

/** Reads the data (the embedded tasks, or the folder of `--data`), trains the tokenizer on its training texts, and encodes. */
export async function readInstructionTexts(
  settings: Profile["data"],
  folder?: string,
  say?: (message: string) => void,
): Promise<Texts> {
  const { vocabSize, maxNewTokens, maxPromptTokens } = settings;
  const data = await readInstructionRecords(settings, folder);
  const tokenizer = trainTokenizer(data.train, vocabSize, say);
  const longPrompts: Record<string, { dropped: number; truncated: number }> = {};
  const notes = new DataNotes(undefined, data.notes);
  const fit = (name: string, records: readonly InstructionRecord[]) => {
    const { prompts, droppedCount, truncatedCount } = fitPrompts(tokenizer, records, settings);
    longPrompts[name] = { dropped: droppedCount, truncated: truncatedCount };
    if (prompts.length === 0) {
      const shortest = records.map((record) => encodePrompt(tokenizer, record).length).reduce((a, b) => Math.min(a, b));
      throw new InputError(
        `${name}: none of the ${records.length} prompts has at most ${maxPromptTokens} tokens, the shortest has ${shortest}; ` +
          "raise data.maxPromptTokens",
      );
    }
    const long = `prompts are longer than ${maxPromptTokens} tokens (data.maxPromptTokens)`;
    notes.count(name, droppedCount, records.length, `${long} and left out`);
    notes.count(name, truncatedCount, records.length, `${long} and cut`);
    notes.unknownLetters(name, prompts.map(({ promptIds }) => promptIds), tokenizer.specialId("<unk>"));
    return { name, prompts };
  };
  const { prompts: trainPrompts } = fit("train", data.train);
  const { responses, truncated } = fitResponses(tokenizer, trainPrompts, maxNewTokens, notes);
  const validation = fit("validation", data.validation);
  const evaluation = data.evaluation.map(({ name, records }) => fit(name, records));
  for (const { name, prompts } of evaluation) {
    notes.unseenReferences(name, prompts.map(({ record }) => record), "ROUGE-L", hasRougeWord);
  }
  return {
    codec: new ProjectCodec(tokenizer),
    vocabSize: Math.ceil(tokenizer.vocabSize / 4) * 4,
    maxPositions: maxPromptTokens + maxNewTokens,
    train: trainPrompts.map(({ promptIds }, i) => ({ prompt: promptIds, response: responses[i] })),
    validation,
    evaluation,
    eosIds: [tokenizer.specialId("<eos>")],
    padId: tokenizer.specialId("<pad>"),
    answerIds: ({ record }) => encodeResponse(tokenizer, record.references[0]),
    description: {
      source: data.source,
      vocabulary: tokenizer.vocabSize,
      leaked_prompts: Object.fromEntries(data.leakCounts),
      long_prompts: longPrompts,
      long_responses: { train: { truncated } },
      ...notes.description,
    },
  };
}

/** The responses of training as tokens, those over the limit cut, and how many are. @throws {InputError} if all are */
function fitResponses(
  tokenizer: BpeTokenizer,
  prompts: readonly FittedPrompt[],
  maxNewTokens: number,
  notes: DataNotes,
): { responses: number[][]; truncated: number } {
  const whole = prompts.map(({ record }) => encodeResponse(tokenizer, record.response));
  const lengths = whole.map(({ length }) => length);
  const truncated = lengths.filter((length) => length > maxNewTokens).length;
  if (truncated === whole.length) {
    throw new InputError(
      `train: all ${truncated} responses are longer than ${maxNewTokens} tokens, the shortest has ` +
        `${lengths.reduce((least, length) => Math.min(least, length))} with its end; raise data.maxNewTokens`,
    );
  }
  const long =
    `responses are longer than ${maxNewTokens} tokens (data.maxNewTokens) and cut: their ends are not learned`;
  notes.count("train", truncated, whole.length, long);
  return { responses: whole.map((ids) => ids.slice(0, maxNewTokens)), truncated };
}

function trainTokenizer(
  records: readonly InstructionRecord[],
  vocabSize: number,
  say?: (message: string) => void,
): BpeTokenizer {
  try {
    return new BpeTokenizer(trainBpe(tokenizerTexts(records), { vocabSize, specialTokens: INSTRUCTION_TOKENS, say }));
  } catch (error) {
    // The alphabet is the data's, so only now can a size turn out too small.
    if (error instanceof RangeError) throw new InputError(`data.vocabSize is ${vocabSize}: ${error.message}`);
    throw error;
  }
}
