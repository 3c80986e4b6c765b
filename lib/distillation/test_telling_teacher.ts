import type { Gpu } from "#kernels/runtime/gpu.ts";
import { readModel } from "#lib/models/checkpoint.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { eachPartOfLogits } from "#lib/objectives/logits_in_parts.ts";
import type { TextCodec } from "#lib/tokenizers/text_codec.ts";
import { tokenizerOf } from "#lib/tokenizers/tokenizer_files.ts";

/** A text on a prompt. */
export interface ToldText {
  readonly prompt: string;
  readonly text: string;
}

/** A token, and what an endpoint says of it. */
export interface ToldToken {
  readonly token: string;
  readonly bytes: readonly number[] | null;
  readonly logprob: number;
  readonly top_logprobs: readonly Omit<ToldToken, "top_logprobs">[];
}

/** The ids of the bytes in a vocabulary as LLaMA's begin here. */
const FIRST_BYTE = 3;
const BYTES = 256;

/**
 * What an endpoint would say of texts if the model of a folder stood behind it: `choices[0].logprobs.content` of each, with so many likeliest
 * tokens, spelt as servers spell them. The model reads the beginning of a text in front.
 */
export async function toldBy(
  gpu: Gpu,
  folder: string,
  texts: readonly ToldText[],
  count: number,
): Promise<ToldToken[][]> {
  const [model, codec] = [await readModel(gpu, folder), await tokenizerOf(folder)];
  const told: ToldToken[][] = [];
  for (const text of texts) told.push(await tokensOf(gpu, model, codec, text, count));
  model[Symbol.dispose]();
  return told;
}

async function tokensOf(
  gpu: Gpu,
  model: LanguageModel,
  codec: TextCodec,
  { prompt, text }: ToldText,
  count: number,
): Promise<ToldToken[]> {
  const [before, whole] = [codec.encode(prompt), codec.encode(`${prompt}${text}`)];
  const response = whole.slice(before.length);
  const rows: number[][] = [];
  await eachPartOfLogits(gpu, model, [{ prompt: [1, ...before], response }], 2 ** 20, async ({ logits: { value } }) => {
    const [states, size] = value.shape;
    const read = [...await gpu.read(value)];
    for (let n = 0; n < states; n++) rows.push(read.slice(n * size, (n + 1) * size));
  });
  return response.map((id, t) => {
    const largest = Math.max(...rows[t]);
    const logSum = largest + Math.log(rows[t].reduce((sum, z) => sum + Math.exp(z - largest), 0));
    const say = (id: number) => ({
      ...spelt(codec, [...before, ...response.slice(0, t)], id),
      logprob: rows[t][id] - logSum,
    });
    const ids = [...rows[t].keys()].sort((a, b) => rows[t][b] - rows[t][a] || a - b).slice(0, count);
    return { ...say(id), top_logprobs: ids.map(say) };
  });
}

function spelt(codec: TextCodec, before: readonly number[], id: number): Pick<ToldToken, "token" | "bytes"> {
  if (id >= FIRST_BYTE && id < FIRST_BYTE + BYTES) return { token: "\ufffd", bytes: [id - FIRST_BYTE] };
  if (codec.isSpecial(id)) return { token: codec.decode([id], { keepSpecialTokens: true }), bytes: null };
  const token = codec.decode([...before, id]).slice(codec.decode(before).length);
  return { token, bytes: [...new TextEncoder().encode(token)] };
}
