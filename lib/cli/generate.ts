import type { Prompt } from "#lib/data/prompt.ts";
import { InputError } from "#lib/errors.ts";
import type { GenerationSettings } from "#lib/generation/generate.ts";
import { excerpt } from "#lib/visible_text.ts";
import { defineCommand, type Flags, type FlagValues } from "./command.ts";
import { checkPromptFlags, PROMPT_FORMS, promptEncoder, readPiped, readPromptFile } from "./generation_prompts.ts";
import { GenerationOutput } from "./generation_output.ts";
import { CELL_FLAGS, type OpenedModel, withModel } from "./open_model.ts";
import { ProgressLine } from "./progress_line.ts";
import { type EncodedPrompt, writeTexts } from "./write_texts.ts";

const DEFAULT_NEW_TOKENS = 128;
const DEFAULT_BATCH_SIZE = 8;

const SAMPLING_FLAGS = {
  "max-new-tokens": {
    kind: "count",
    value: "N",
    help: `the most tokens of a text; default ${DEFAULT_NEW_TOKENS}, or as many as the model's positions leave`,
  },
  temperature: {
    kind: "number",
    value: "T",
    help: "0, the default, takes the likeliest token each time; above 0 tokens are drawn, with 1 as the model says",
  },
  "top-k": { kind: "count", value: "K", help: "draws from the K likeliest tokens; default 0, all" },
  "top-p": {
    kind: "number",
    value: "P",
    help: "draws from the likeliest tokens that together have probability P; default 1, all",
  },
  seed: { kind: "count", value: "S", help: "of what is drawn; default 0; the same seed gives the same texts" },
  "repetition-penalty": {
    kind: "number",
    value: "R",
    help: "above 1 makes tokens less likely that have occurred; default 1",
  },
  "no-repeat-ngram": { kind: "count", value: "N", help: "no N tokens in a row occur twice; default 0, they may" },
} as const satisfies Flags;

export const generateTexts = defineCommand({
  name: "generate",
  positional: { name: "MODEL [PROMPT]", kind: "text", min: 1, max: 2 },
  stopsByItself: true,
  lessMemory: "a smaller --texts-at-once takes less",
  stopTexts: { asked: "stopping", stopped: "what was written until then is kept" },
  flags: {
    ...SAMPLING_FLAGS,
    chat: { kind: "switch", help: "the prompt is a turn of a chat, in the form of the checkpoint's chat template" },
    system: { kind: "text", value: "TEXT", help: "with --chat: what the system says first" },
    template: {
      kind: "choice",
      value: "T",
      known: PROMPT_FORMS,
      help: "the prompt as it is, as an instruction of Alpaca's form, or with the marks of this project's students",
    },
    prompts: { kind: "path", value: "FILE", help: 'a prompt from each line: a text, or JSON with "prompt"' },
    "texts-at-once": { kind: "count", value: "N", help: `prompts of a file at once; default ${DEFAULT_BATCH_SIZE}` },
    out: { kind: "path", value: "FILE", help: "writes prompts, texts and ids as JSON Lines" },
    json: { kind: "switch", help: "prints the same in place of the texts" },
    ...CELL_FLAGS,
  },
  async run({ positional: [word, given], flags }, context) {
    const { terminal, stop } = context;
    checkPromptFlags(flags);
    const sampling = samplingOf(flags);
    const batchSize = flags["texts-at-once"] ?? DEFAULT_BATCH_SIZE;
    if (batchSize === 0) throw new InputError("--texts-at-once 0: must be at least 1");
    if (flags.out !== undefined && flags.out === flags.prompts) {
      throw new InputError(`--out ${excerpt(flags.out)}: the file of the prompts; name another`);
    }
    const prompts = await promptsOf(given, flags.prompts);
    const line = new ProgressLine({ terminal });
    await withModel(word, { context, flags, line }, async (opened) => {
      const encode = await promptEncoder(opened, flags);
      const encoded = prompts.map((prompt): EncodedPrompt => ({ prompt, promptIds: encode(prompt) }));
      const settings = settingsFor(opened, encoded, sampling, flags["max-new-tokens"]);
      line.end();
      using output = await GenerationOutput.open({
        ...{ terminal, line, out: flags.out, json: flags.json },
        isOne: flags.prompts === undefined,
      });
      await writeTexts(opened, encoded, settings, { batchSize, output, stop });
      output.end();
      // A cell would go on.
      stop.throwIfAborted();
    });
    return 0;
  },
});

/** Those of PROMPT, of a file, or of what is piped in. */
async function promptsOf(given: string | undefined, file: string | undefined): Promise<Prompt[]> {
  if (given !== undefined && file !== undefined) {
    throw new InputError(
      `generate takes a PROMPT or --prompts, not both: "${excerpt(given, 40)}" and ${excerpt(file)}`,
    );
  }
  if (file !== undefined) return await readPromptFile(file);
  const instruction = given ?? await readPiped(Deno.stdin);
  if (instruction !== undefined) return [{ instruction, input: "" }];
  throw new InputError("generate needs a PROMPT: write one behind MODEL, pipe one in, or name a file with --prompts");
}

type Sampling = Pick<
  GenerationSettings,
  "temperature" | "topK" | "topP" | "seed" | "repetitionPenalty" | "noRepeatNgram"
>;

/** @throws {InputError} if a number is out of range, or flags have no effect */
function samplingOf(flags: FlagValues<typeof SAMPLING_FLAGS>): Sampling {
  const { temperature = 0, seed = 0 } = flags;
  const topK = flags["top-k"] ?? 0;
  const topP = flags["top-p"] ?? 1;
  const repetitionPenalty = flags["repetition-penalty"] ?? 1;
  const refuse = (name: string, value: number, right: string): never => {
    throw new InputError(`--${name} ${value}: must be ${right}`);
  };
  if (!(temperature >= 0)) refuse("temperature", temperature, "0 (the likeliest token each time) or more, as 0.7");
  if (!(topP > 0 && topP <= 1)) refuse("top-p", topP, "above 0 and at most 1, as 0.95");
  if (!(repetitionPenalty > 0)) refuse("repetition-penalty", repetitionPenalty, "above 0, as 1.2; 1 changes nothing");
  for (const [name, isGiven] of [["top-k", topK > 0], ["top-p", topP < 1]] as const) {
    if (isGiven && temperature === 0) {
      throw new InputError(
        `--${name} has no effect at temperature 0, which takes the likeliest token; give --temperature 1 as well`,
      );
    }
  }
  return { temperature, topK, topP, seed, repetitionPenalty, noRepeatNgram: flags["no-repeat-ngram"] ?? 0 };
}

/** @throws {InputError} if a prompt and its text have more tokens than the model has positions */
function settingsFor(
  { eosIds: [eosId, ...otherEosIds], padId, maxPositions }: OpenedModel,
  encoded: readonly EncodedPrompt[],
  sampling: Sampling,
  asked: number | undefined,
): GenerationSettings {
  const longest = encoded.reduce((most, each) => each.promptIds.length > most.promptIds.length ? each : most);
  const room = maxPositions - longest.promptIds.length;
  if (room < (asked ?? 1)) {
    const remedy = room > 0 ? `at most ${room} tokens can follow` : "shorten it";
    throw new InputError(
      `the prompt "${excerpt(longest.prompt.instruction, 40)}" has ${longest.promptIds.length} tokens and the model ` +
        `${maxPositions} positions: ${remedy}`,
    );
  }
  const maxNewTokens = asked ?? Math.min(DEFAULT_NEW_TOKENS, room);
  return { ...sampling, maxNewTokens, eosId, otherEosIds, padId, purpose: "generate" };
}
