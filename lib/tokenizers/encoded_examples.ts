import type { Prompt } from "#lib/data/prompt.ts";
import { digestOfJson } from "#lib/results/digest.ts";
import { type EncodedCacheOptions, encodedOnce } from "./encoded_cache.ts";
import { type EncodedExample, encodeExample, type PromptTemplate } from "./prompt_template.ts";
import type { TextCodec } from "./text_codec.ts";

const SAY_EVERY_MS = 3000;

/**
 * Prompts and responses of a data set as ids, kept on the disk for the next run.
 *
 * @throws {InputError} if the tokenizer has no token for the end of a text
 */
export async function encodeExamples(
  codec: TextCodec,
  template: PromptTemplate,
  records: readonly (Prompt & { readonly response: string })[],
  options: EncodedCacheOptions = {},
): Promise<EncodedExample[]> {
  const texts = records.map(({ instruction, input, response }) => [instruction, input, response]);
  const key = [codec.digest, `${codec.specialIds.eos}`, template.source, digestOfJson(texts)];
  const lists = await encodedOnce(key, () => encodeAll(codec, template, records, options.say), options);
  return records.map((_, i) => ({ promptIds: lists[2 * i], responseIds: lists[2 * i + 1] }));
}

function encodeAll(
  codec: TextCodec,
  template: PromptTemplate,
  records: readonly (Prompt & { readonly response: string })[],
  say?: (message: string) => void,
): number[][] {
  let saidMs = performance.now();
  return records.flatMap((record, i) => {
    if (say && performance.now() - saidMs >= SAY_EVERY_MS) {
      saidMs = performance.now();
      say(`encodes the texts: ${i} of ${records.length}`);
    }
    const { promptIds, responseIds } = encodeExample(codec, template, record);
    return [[...promptIds], [...responseIds]];
  });
}
