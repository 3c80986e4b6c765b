import type { Gpu } from "#kernels/runtime/gpu.ts";
import { generate, GREEDY } from "#lib/generation/generate.ts";
import { readModel } from "#lib/models/checkpoint.ts";
import { Continuation } from "#lib/tokenizers/continuation.ts";
import { tokenizerOf } from "#lib/tokenizers/tokenizer_files.ts";
import { STORIES_FOLDER } from "./stories_folder.ts";
import type { Work } from "./work.ts";

const NO_TOKEN = 0xffffffff;
const PROMPT = "Once upon a time";
const TOKENS = 100;

/** What `./run generate` does once the model is read: a prompt is encoded, continued greedily by 100 tokens, and these are spelt. */
export async function storiesWork(gpu: Gpu): Promise<Work> {
  const codec = await tokenizerOf(STORIES_FOLDER);
  const model = await readModel(gpu, STORIES_FOLDER);
  const write = async (maxNewTokens: number) => {
    const promptIds = codec.encode(PROMPT, { addSpecialTokens: true });
    const spelt = new Continuation(codec, promptIds);
    const settings = { ...GREEDY, maxNewTokens, eosId: NO_TOKEN, padId: 0, seed: 0, purpose: "bench" };
    const onToken = (_: number, token: number) => spelt.push(token);
    await generate(gpu, model, [{ promptIds, key: 0 }], settings, undefined, { onToken });
  };
  return {
    size: { tokens: TOKENS },
    run: () => write(TOKENS),
    warmUp: () => write(10),
    [Symbol.dispose]: () => model[Symbol.dispose](),
  };
}
