import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "#lib/errors.ts";
import type { DecoderConfig } from "./decoder_config.ts";
import { DECODER_FAMILIES } from "./decoder_families.ts";
import { llamaConfig } from "./llama_config.ts";
import { formatModelConfig, parseModelConfig } from "./model_config.ts";

const gpt2Json = { model_type: "gpt2", vocab_size: 50, n_embd: 24, n_head: 3, n_layer: 2, n_positions: 16 };
const llamaJson = {
  model_type: "llama",
  vocab_size: 50,
  hidden_size: 24,
  num_attention_heads: 6,
  num_hidden_layers: 2,
  intermediate_size: 40,
  max_position_embeddings: 16,
};

const parse = (json: unknown) => parseModelConfig(json, "m/config.json") as DecoderConfig;

function assertRefused(json: unknown, message: string): void {
  const error = assertThrows(() => parse(json), InputError, message);
  assertMatch(error.message, /^m\/config\.json: [^\n]+$/);
}

Deno.test("what a GPT-2 config.json leaves out takes the defaults of transformers", () => {
  assertEquals(parse(gpt2Json), {
    family: "gpt2",
    vocabSize: 50,
    hiddenSize: 24,
    numLayers: 2,
    numHeads: 3,
    numKvHeads: 3,
    headSize: 8,
    feedForwardSize: 96,
    maxPositions: 16,
    normEps: 1e-5,
    ropeTheta: 0,
    geluApproximation: "tanh",
    tiedHead: true,
  });
});

Deno.test("what a LLaMA config.json leaves out takes the defaults of transformers", () => {
  assertEquals(parse(llamaJson), {
    family: "llama",
    vocabSize: 50,
    hiddenSize: 24,
    numLayers: 2,
    numHeads: 6,
    numKvHeads: 6,
    headSize: 4,
    feedForwardSize: 40,
    maxPositions: 16,
    normEps: 1e-6,
    ropeTheta: 10_000,
    geluApproximation: "none",
    tiedHead: false,
  });
});

Deno.test("settings that differ from the defaults are read", () => {
  const gpt2 = parse({ ...gpt2Json, n_inner: 7, activation_function: "gelu", layer_norm_epsilon: 1e-3 });
  assertEquals([gpt2.feedForwardSize, gpt2.geluApproximation, gpt2.normEps], [7, "none", 1e-3]);
  assertEquals(parse({ ...gpt2Json, tie_word_embeddings: false }).tiedHead, false);
  const llama = parse({ ...llamaJson, num_key_value_heads: 2, head_dim: 12, rms_norm_eps: 1e-3, rope_theta: 5 });
  assertEquals([llama.numKvHeads, llama.headSize, llama.normEps, llama.ropeTheta], [2, 12, 1e-3, 5]);
  assertEquals(parse({ ...llamaJson, rope_parameters: { rope_theta: 7, rope_type: "default" } }).ropeTheta, 7);
  assertEquals(parse({ ...llamaJson, tie_word_embeddings: true }).tiedHead, true);
});

Deno.test("a model type that is not built is refused, and so is what is no object", () => {
  const known = '"gpt2", "opt", "llama", "mistral", "qwen2", "qwen3", "gemma3_text", "t5", "mt5"';
  assertRefused({ model_type: "phi" }, `model_type is "phi"; this reads ${known}`);
  assertRefused({}, `model_type is missing; this reads ${known}`);
  for (const json of [null, "gpt2", 3]) assertRefused(json, "must be a JSON object");
});

Deno.test("every size that is missing or no positive whole number is refused by its key", () => {
  for (const json of [gpt2Json, llamaJson]) {
    for (const key of Object.keys(json).filter((key) => key !== "model_type")) {
      assertRefused({ ...json, [key]: undefined }, `${key} is missing; it must be a positive whole number`);
      for (const wrong of [0, -1, 1.5, "8", null]) {
        assertRefused({ ...json, [key]: wrong }, `${key} is ${JSON.stringify(wrong)}; it must be a positive`);
      }
    }
  }
  assertRefused({ ...gpt2Json, n_inner: 0 }, "n_inner is 0");
  assertRefused({ ...llamaJson, num_key_value_heads: 0.5 }, "num_key_value_heads is 0.5");
  assertRefused({ ...llamaJson, head_dim: "4" }, 'head_dim is "4"');
});

Deno.test("heads that attention cannot compute are refused", () => {
  assertRefused({ ...gpt2Json, n_head: 5 }, "5 heads do not divide a hidden size of 24");
  assertRefused({ ...llamaJson, num_attention_heads: 5 }, "5 heads do not divide a hidden size of 24");
  assertRefused({ ...gpt2Json, n_head: 4 }, "heads have size 6; this computes multiples of 4");
  assertRefused({ ...llamaJson, head_dim: 5 }, "heads have size 5; this computes multiples of 4");
  assertRefused({ ...llamaJson, num_key_value_heads: 4 }, "4 key-value heads do not divide 6 heads");
});

Deno.test("activations and biases that are not built are refused by their keys", () => {
  assertRefused(
    { ...gpt2Json, activation_function: "relu" },
    'activation_function is "relu"; known are gelu_new, gelu_pytorch_tanh, gelu',
  );
  assertRefused({ ...gpt2Json, activation_function: "toString" }, 'activation_function is "toString"');
  assertRefused({ ...gpt2Json, scale_attn_by_inverse_layer_idx: true }, "scale_attn_by_inverse_layer_idx is true");
  assertRefused({ ...gpt2Json, scale_attn_weights: false }, "scale_attn_weights is false; this reads true only");
  assertRefused({ ...llamaJson, hidden_act: "gelu" }, 'hidden_act is "gelu"; this reads "silu" only');
  assertRefused({ ...llamaJson, attention_bias: true }, "attention_bias is true");
  assertRefused({ ...llamaJson, mlp_bias: true }, "mlp_bias is true");
  assertRefused({ ...llamaJson, rope_interleaved: true }, "rope_interleaved is true");
});

Deno.test("constants that are no positive number are refused by their keys", () => {
  assertRefused({ ...gpt2Json, layer_norm_epsilon: "small" }, 'layer_norm_epsilon is "small"; it must be a positive');
  assertRefused({ ...llamaJson, rms_norm_eps: -1 }, "rms_norm_eps is -1; it must be a positive number");
  assertRefused({ ...llamaJson, rope_theta: 0 }, "rope_theta is 0; it must be a positive number");
});

const count = fc.integer({ min: 1, max: 9 });
const sizes = {
  vocabSize: fc.integer({ min: 1, max: 60_000 }),
  numLayers: count,
  feedForwardSize: fc.integer({ min: 1, max: 5000 }),
  maxPositions: fc.integer({ min: 1, max: 5000 }),
  normEps: fc.constantFrom(1e-5, 1e-6, 1e-12),
  tiedHead: fc.boolean(),
};
const heads = fc.tuple(count, count, count).map(([kvHeads, group, quarter]) => ({
  numHeads: kvHeads * group,
  numKvHeads: kvHeads,
  headSize: 4 * quarter,
}));
const scaling = fc.record({
  type: fc.constant("llama3" as const),
  factor: fc.constantFrom(8, 32.5),
  lowFrequencyFactor: fc.constant(1),
  highFrequencyFactor: fc.constantFrom(2, 4),
  originalPositions: fc.integer({ min: 1, max: 8192 }),
});
const rope = { ropeTheta: fc.constantFrom(1e4, 5e5) };
const ropeScaling = fc.oneof(
  scaling,
  fc.record({ type: fc.constant("linear" as const), factor: fc.constantFrom(2, 3.5) }),
);
const gpt2 = fc.tuple(heads, fc.record({ ...sizes, geluApproximation: fc.constantFrom("tanh" as const, "none") })).map(
  ([{ numHeads, headSize }, rest]): DecoderConfig => ({
    ...rest,
    family: "gpt2",
    numHeads,
    numKvHeads: numHeads,
    headSize,
    hiddenSize: numHeads * headSize,
    ropeTheta: 0,
  }),
);
const opt = fc.tuple(heads, fc.record(sizes), fc.constantFrom("before" as const, "after" as const), fc.boolean()).map(
  ([{ numHeads, headSize }, rest, normPlace, isNarrow]): DecoderConfig => ({
    ...rest,
    family: "opt",
    numHeads,
    numKvHeads: numHeads,
    headSize,
    hiddenSize: numHeads * headSize,
    normEps: 1e-5,
    ropeTheta: 0,
    geluApproximation: "none",
    normPlace,
    ...(isNarrow ? { embeddingSize: numHeads * headSize / 2 } : {}),
  }),
);
const hidden = { hiddenSize: fc.integer({ min: 1, max: 999 }) };
const llama = fc.tuple(
  heads,
  fc.record({ ...sizes, ...hidden, ...rope }),
  fc.option(ropeScaling, { nil: undefined }),
  fc.constantFrom("llama" as const, "mistral", "qwen2", "qwen3"),
  fc.option(fc.integer({ min: 1, max: 9999 }), { nil: undefined }),
  fc.infiniteStream(fc.boolean()),
).map(([layout, rest, scaling, family, tokens, isWindowed]): DecoderConfig => {
  const layers = Array.from({ length: rest.numLayers }, (_, layer) => {
    return family === "mistral" || layer === 0 || isWindowed.next().value === true;
  });
  return {
    ...rest,
    ...layout,
    family,
    geluApproximation: "none",
    ...(scaling ? { ropeScaling: scaling } : {}),
    ...(tokens === undefined || family === "llama" ? {} : { window: { tokens, layers } }),
  };
});
const gemma3 = fc.tuple(
  heads,
  fc.record({ ...sizes, ...hidden, ...rope, scoreDivisor: fc.constantFrom(24, 256) }),
  fc.option(ropeScaling, { nil: undefined }),
  fc.array(fc.boolean(), { minLength: 9, maxLength: 9 }),
).map(([layout, rest, scaling, isWindowed]): DecoderConfig => ({
  ...rest,
  ...layout,
  family: "gemma3_text",
  geluApproximation: "tanh",
  window: { tokens: 512, layers: isWindowed.slice(0, rest.numLayers), ropeTheta: 10_000 },
  ...(scaling ? { ropeScaling: scaling } : {}),
}));

Deno.test("a configuration that is formatted, written and parsed is the same again", () => {
  fc.assert(fc.property(fc.oneof(gpt2, opt, llama, gemma3), (config) => {
    assertEquals(parse(JSON.parse(JSON.stringify(formatModelConfig(config)))), config);
  }));
});

Deno.test("llamaConfig divides the hidden size among the heads and has a tied head", () => {
  const config = llamaConfig({ vocabSize: 300, hiddenSize: 96, numLayers: 3, numHeads: 4, maxPositions: 64 });
  assertEquals([config.headSize, config.numKvHeads, config.feedForwardSize, config.tiedHead], [24, 4, 256, true]);
  assertEquals(parse(formatModelConfig(config)), config);
});

Deno.test("llamaConfig's feed-forward size is the multiple of 8 next to 8/3 of the hidden size", () => {
  for (let hiddenSize = 4; hiddenSize <= 512; hiddenSize += 4) {
    const { feedForwardSize } = llamaConfig({ vocabSize: 9, hiddenSize, numLayers: 1, numHeads: 1, maxPositions: 9 });
    assertEquals(feedForwardSize % 8, 0);
    assertEquals(Math.abs(feedForwardSize - hiddenSize * 8 / 3) <= 4, true, `${hiddenSize}: ${feedForwardSize}`);
  }
});

Deno.test("every family's small configuration is of that family, and is read back from its config.json", () => {
  for (const [name, family] of Object.entries(DECODER_FAMILIES)) {
    const config = family.smallConfig({ vocabSize: 40, hiddenSize: 32, numLayers: 2, numHeads: 2, maxPositions: 64 });
    assertEquals([config.family, family.formatConfig(config).model_type], [name, name]);
    assertEquals(parse(family.formatConfig(config)), config);
  }
});
