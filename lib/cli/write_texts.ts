import type { Prompt } from "#lib/data/prompt.ts";
import { generate, type GenerationSettings } from "#lib/generation/generate.ts";
import { Continuation } from "#lib/tokenizers/continuation.ts";
import type { OpenedModel } from "./open_model.ts";

export interface EncodedPrompt {
  readonly prompt: Prompt;
  readonly promptIds: readonly number[];
}

/** A text that a model wrote, and how it came to its end. */
export interface WrittenText {
  readonly prompt: string;
  /** Of the prompt, where a file gives one. */
  readonly input?: string;
  readonly text: string;
  readonly promptTokens: number;
  /** The new tokens, the end token included where one was drawn. */
  readonly ids: readonly number[];
  readonly ended: "eos" | "length" | "interrupted";
}

/** Who takes texts while they are written. */
export interface TextTaker {
  /** Whether each piece is wanted at once. */
  readonly streams: boolean;
  /** A token was read; `piece` is what it completes of its text, often nothing. */
  token(piece: string): void;
  /** @param rest of its text, which no piece has had */
  text(written: WrittenText, rest: string): Promise<void>;
  /** Ids that the tokenizer has no token for. */
  unknownIds(count: number): void;
}

/** About how often a person is shown new tokens. */
const SHOWN_EVERY_MS = 100;
const MOST_STEPS = 8;

/** How many tokens to write between two showings: one by one where they are slow, several where waiting would slow them down. */
function pace(now: () => number): () => number {
  let [steps, before] = [1, now()];
  return () => {
    const ms = now() - before;
    before += ms;
    if (ms < SHOWN_EVERY_MS / 2) steps = Math.min(2 * steps, MOST_STEPS);
    else if (ms > SHOWN_EVERY_MS) steps = Math.max(1, steps >> 1);
    return steps;
  };
}

/**
 * Writes a text for each prompt, some at once, in their order. A text's samples depend on the seed and on the prompt's place among all of
 * them, not on how many are written at once.
 */
export async function writeTexts(
  { gpu, model, codec }: OpenedModel,
  encoded: readonly EncodedPrompt[],
  settings: GenerationSettings,
  { batchSize, output, stop }: { readonly batchSize: number; readonly output: TextTaker; readonly stop: AbortSignal },
): Promise<void> {
  const endIds = new Set([settings.eosId, ...settings.otherEosIds ?? []]);
  const continues = model.layout.kind === "oneText";
  const stepsAReading = output.streams ? pace(() => performance.now()) : undefined;
  for (let first = 0; first < encoded.length && !stop.aborted; first += batchSize) {
    const batch = encoded.slice(first, first + batchSize);
    const texts = batch.map(({ promptIds }) => ({
      text: "",
      spelt: new Continuation(codec, continues ? promptIds : []),
    }));
    const onToken = (index: number, token: number) => {
      const piece = endIds.has(token) ? "" : texts[index].spelt.push(token);
      texts[index].text += piece;
      output.token(piece);
    };
    const prompts = batch.map(({ promptIds }, i) => ({ promptIds, key: first + i }));
    const ids = await generate(gpu, model, prompts, settings, undefined, { onToken, stop, stepsAReading });
    for (const [i, { prompt, promptIds }] of batch.entries()) {
      const { text, spelt } = texts[i];
      const rest = spelt.end();
      output.unknownIds(spelt.unknownIds);
      const ended = endIds.has(ids[i].at(-1)!)
        ? "eos"
        : ids[i].length < settings.maxNewTokens
        ? "interrupted"
        : "length";
      await output.text({
        prompt: prompt.instruction,
        ...(prompt.input === "" ? {} : { input: prompt.input }),
        ...{ text: text + rest, promptTokens: promptIds.length, ids: ids[i], ended },
      }, rest);
    }
  }
}
