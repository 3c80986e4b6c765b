import { assertEquals } from "@std/assert";
import { elementCount } from "#kernels/runtime/tensor.ts";
import type { DecoderConfig } from "./decoder_config.ts";
import { DECODER_FAMILIES } from "./decoder_families.ts";
import { parseModelConfig } from "./model_config.ts";

// The shapes of published models, and the number of parameters that each is known to have.

const opt = { model_type: "opt", vocab_size: 50272, max_position_embeddings: 2048 };
const gemma3 = {
  ...{ model_type: "gemma3_text", vocab_size: 262144, max_position_embeddings: 32768, head_dim: 256 },
  ...{ num_attention_heads: 4, num_key_value_heads: 1, sliding_window: 512 },
};

/** The keys of LLaMA's line: hidden size, feed-forward size, layers, heads, key heads, vocabulary. */
function llamaLine(model_type: string, sizes: readonly number[], more: object = {}): object {
  const [hidden_size, intermediate_size, num_hidden_layers, num_attention_heads, num_key_value_heads, vocab_size] =
    sizes;
  return {
    ...{ model_type, hidden_size, intermediate_size, num_hidden_layers, num_attention_heads, num_key_value_heads },
    ...{ vocab_size, max_position_embeddings: 4096, ...more },
  };
}

const tied = { tie_word_embeddings: true };
const PUBLISHED: Readonly<Record<string, readonly [config: object, parameters: number]>> = {
  gpt2: [
    { model_type: "gpt2", vocab_size: 50257, n_embd: 768, n_head: 12, n_layer: 12, n_positions: 1024 },
    124_439_808,
  ],
  "opt-125m": [
    { ...opt, hidden_size: 768, ffn_dim: 3072, num_hidden_layers: 12, num_attention_heads: 12 },
    125_239_296,
  ],
  "opt-350m": [
    {
      ...{ ...opt, hidden_size: 1024, ffn_dim: 4096, num_hidden_layers: 24, num_attention_heads: 16 },
      ...{ do_layer_norm_before: false, word_embed_proj_dim: 512 },
    },
    331_196_416,
  ],
  "SmolLM2-135M": [llamaLine("llama", [576, 1536, 30, 9, 3, 49152], tied), 134_515_008],
  "LLaMA 2 7B": [llamaLine("llama", [4096, 11008, 32, 32, 32, 32000]), 6_738_415_616],
  "LLaMA 3.2 1B": [llamaLine("llama", [2048, 8192, 16, 32, 8, 128256], { ...tied, head_dim: 64 }), 1_235_814_400],
  "Mistral 7B": [llamaLine("mistral", [4096, 14336, 32, 32, 8, 32000]), 7_241_732_096],
  "Qwen2.5-0.5B": [llamaLine("qwen2", [896, 4864, 24, 14, 2, 151936], tied), 494_032_768],
  "Qwen3-0.6B": [llamaLine("qwen3", [1024, 3072, 28, 16, 8, 151936], { ...tied, head_dim: 128 }), 596_049_920],
  "Gemma 3 270M": [{ ...gemma3, hidden_size: 640, intermediate_size: 2048, num_hidden_layers: 18 }, 268_098_176],
  "Gemma 3 1B": [{ ...gemma3, hidden_size: 1152, intermediate_size: 6912, num_hidden_layers: 26 }, 999_885_952],
};

for (const [name, [json, parameters]] of Object.entries(PUBLISHED)) {
  Deno.test(`${name} has ${parameters} parameters, here and in its checkpoint`, () => {
    const config = parseModelConfig(json, "config.json") as DecoderConfig;
    const family = DECODER_FAMILIES[config.family];
    const count = (tensors: readonly { readonly shape: readonly number[] }[]) =>
      tensors.reduce((sum, { shape }) => sum + elementCount(shape), 0);
    assertEquals(count(family.parameterSpecs(config)), parameters);
    assertEquals(count(family.checkpointTensors(config)), parameters);
  });
}
