import type { Gpu } from "#kernels/runtime/gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { Decoder } from "#lib/models/decoder.ts";
import type { DecoderConfig } from "#lib/models/decoder_config.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { decodingWork } from "./model_works.ts";
import { forwardFlops } from "./reference_gpt.ts";
import type { Shared, Work } from "./work.ts";

/** GPT-2 small (Radford et al. 2019): 124 M parameters. */
export const GPT2_SMALL: DecoderConfig = {
  family: "gpt2",
  vocabSize: 50_257,
  hiddenSize: 768,
  numLayers: 12,
  numHeads: 12,
  numKvHeads: 12,
  headSize: 64,
  feedForwardSize: 3072,
  maxPositions: 1024,
  normEps: 1e-5,
  ropeTheta: 0,
  geluApproximation: "tanh",
  tiedHead: true,
};

/** What a forward pass reads, one text. */
export const FORWARD_TOKENS = 128;
const PROMPT_TOKENS = 16;
const DECODED_TOKENS = 16;
/** Numbers that the weights repeat: drawing 124 million takes far longer than what is measured. */
const DRAWN_WEIGHTS = 4099;

function sharedModel(gpu: Gpu, shared: Shared): Promise<Decoder> {
  const open = () => {
    const random = new RandomStream(1, "GPT-2 small");
    const drawn = Array.from({ length: DRAWN_WEIGHTS }, () => random.normal());
    let next = 0;
    return new Decoder(gpu, GPT2_SMALL, () => drawn[next++ % DRAWN_WEIGHTS]);
  };
  // Where there is no room for it, every row is told so by the same promise.
  return shared.once("GPT-2 small", () => Promise.try(open));
}

/** The logits of a text of 128 tokens. */
export async function gpt2ForwardWork(gpu: Gpu, shared: Shared): Promise<Work> {
  const model = await sharedModel(gpu, shared);
  const random = new RandomStream(1, "text");
  const ids = Uint32Array.from({ length: FORWARD_TOKENS }, () => random.integer(model.config.vocabSize));
  const batch = {
    tokenIds: gpu.upload(ids, [1, FORWARD_TOKENS]),
    positions: gpu.upload(Uint32Array.from(ids.keys()), [1, FORWARD_TOKENS]),
    spans: gpu.upload(Uint32Array.of(0, FORWARD_TOKENS), [1, 2]),
  };
  return {
    size: { flops: forwardFlops(model, 1, FORWARD_TOKENS) },
    run() {
      using tape = new Tape(gpu);
      model.logits(tape, model.hiddenStates(tape, batch));
    },
    [Symbol.dispose]() {
      for (const tensor of Object.values(batch)) gpu.release(tensor);
    },
  };
}

/** Greedy decoding of 16 tokens a text after prompts of 16. */
export async function gpt2DecodeWork(gpu: Gpu, shared: Shared, batchSize: number): Promise<Work> {
  const lengths = { promptTokens: PROMPT_TOKENS, decodedTokens: DECODED_TOKENS, warmUpTokens: 2 };
  return { ...decodingWork(gpu, await sharedModel(gpu, shared), batchSize, lengths), [Symbol.dispose]() {} };
}
