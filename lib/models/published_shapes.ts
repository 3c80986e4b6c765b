import { type ModelConfig, parseModelConfig } from "./model_config.ts";

/** Keys of GPT-2's `config.json` (Radford et al. 2019). */
function gpt2(n_embd: number, n_layer: number, n_head: number): object {
  return { model_type: "gpt2", vocab_size: 50257, n_positions: 1024, n_embd, n_layer, n_head };
}

/** Hidden size, feed-forward size, layers, heads, key heads; rows of the vocabulary, positions. */
function llama(
  [hidden_size, intermediate_size, num_hidden_layers, num_attention_heads, num_key_value_heads]: readonly number[],
  more: object,
) {
  const sizes = { hidden_size, intermediate_size, num_hidden_layers, num_attention_heads, num_key_value_heads };
  return { model_type: "llama", ...sizes, ...more };
}

/** T5 v1.1 and mT5 (Raffel et al. 2020; Xue et al. 2021): hidden size, feed-forward size, layers of each half, heads of 64. */
function t5(model_type: "t5" | "mt5", [d_model, d_ff, num_layers, num_heads]: readonly number[]): object {
  const sizes = { d_model, d_ff, num_layers, num_decoder_layers: num_layers, num_heads, d_kv: 64 };
  const vocab_size = model_type === "t5" ? 32128 : 250112;
  return { model_type, ...sizes, vocab_size, feed_forward_proj: "gated-gelu", tie_word_embeddings: false };
}

const SMOLLM2 = { vocab_size: 49152, max_position_embeddings: 8192, tie_word_embeddings: true };
const OPEN_LLAMA = { vocab_size: 32000, max_position_embeddings: 2048 };
const T5_SIZES = {
  small: [512, 1024, 8, 6],
  base: [768, 2048, 12, 12],
  large: [1024, 2816, 24, 16],
  xl: [2048, 5120, 24, 32],
};
const t5Line = (prefix: string, model_type: "t5" | "mt5", suffix = "") =>
  Object.entries(T5_SIZES).map(([size, sizes]) => [`${prefix}${size}${suffix}`, t5(model_type, sizes)]);

/** What the configurations of published models say of their shapes, by their names on the hub. */
const SHAPES: Readonly<Record<string, object>> = {
  "openai-community/gpt2": gpt2(768, 12, 12),
  "openai-community/gpt2-medium": gpt2(1024, 24, 16),
  "openai-community/gpt2-large": gpt2(1280, 36, 20),
  "openai-community/gpt2-xl": gpt2(1600, 48, 25),
  "MiniLLM/SFT-gpt2-340M": gpt2(1024, 24, 16),
  "MiniLLM/teacher-gpt2-1.5B": gpt2(1600, 48, 25),
  "HuggingFaceTB/SmolLM2-135M": llama([576, 1536, 30, 9, 3], SMOLLM2),
  "HuggingFaceTB/SmolLM2-360M": llama([960, 2560, 32, 15, 5], SMOLLM2),
  "openlm-research/open_llama_3b_v2": llama([3200, 8640, 26, 32, 32], OPEN_LLAMA),
  "openlm-research/open_llama_7b_v2": llama([4096, 11008, 32, 32, 32], OPEN_LLAMA),
  ...Object.fromEntries([
    ...t5Line("google/t5-v1_1-", "t5"),
    ...t5Line("google/t5-", "t5", "-lm-adapt"),
    ...t5Line("google/mt5-", "mt5"),
  ]),
};

/** The shape of a published model whose files are not here, for plans alone; undefined of others. @param name on the hub, with or without a revision */
export function publishedShape(name: string): ModelConfig | undefined {
  const json = SHAPES[name.replace(/@.*$/, "")];
  return json && parseModelConfig(json, name);
}
