import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { testBeside } from "#lib/test_beside.ts";
import type { DecoderConfig } from "./decoder_config.ts";
import { formatModelConfig, parseModelConfig } from "./model_config.ts";

// What published checkpoints have in config.json, with small sizes; keys that change nothing are among them.

const sizes = {
  vocab_size: 50,
  hidden_size: 24,
  num_attention_heads: 6,
  num_hidden_layers: 4,
  max_position_embeddings: 64,
};
const llamaSizes = {
  ...sizes,
  intermediate_size: 40,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-5,
  torch_dtype: "bfloat16",
};
const llama3Scaling = {
  factor: 32.0,
  low_freq_factor: 1.0,
  high_freq_factor: 4.0,
  original_max_position_embeddings: 8192,
  rope_type: "llama3",
};
const llama3 = {
  ...llamaSizes,
  model_type: "llama",
  attention_bias: false,
  head_dim: 4,
  mlp_bias: false,
  pretraining_tp: 1,
  rope_scaling: llama3Scaling,
  rope_theta: 500000.0,
  tie_word_embeddings: true,
};
const opt = {
  ...sizes,
  model_type: "opt",
  ffn_dim: 40,
  activation_function: "relu",
  word_embed_proj_dim: 24,
  prefix: "</s>",
};
const mistral = { ...llamaSizes, model_type: "mistral", sliding_window: null, rope_theta: 1000000.0 };
const qwen2 = {
  ...llamaSizes,
  model_type: "qwen2",
  max_window_layers: 2,
  rope_theta: 1000000.0,
  sliding_window: 32,
  use_mrope: false,
  use_sliding_window: false,
};
const qwen3 = { ...qwen2, model_type: "qwen3", head_dim: 8, attention_bias: false };
const gemma3 = {
  ...llamaSizes,
  model_type: "gemma3_text",
  attn_logit_softcapping: null,
  cache_implementation: "hybrid",
  final_logit_softcapping: null,
  head_dim: 8,
  hidden_activation: "gelu_pytorch_tanh",
  query_pre_attn_scalar: 256,
  rope_local_base_freq: 10000,
  rope_scaling: null,
  rope_theta: 1000000,
  sliding_window: 16,
  sliding_window_pattern: 3,
};

const parse = (json: unknown) => parseModelConfig(json, "m/config.json") as DecoderConfig;

function assertRefused(json: unknown, message: string): void {
  const error = assertThrows(() => parse(json), InputError, message);
  assertMatch(error.message, /^m\/config\.json: [^\n]+$/);
}

Deno.test("LLaMA 3's scaling is read from rope_scaling, and from rope_parameters as transformers 5 writes it", () => {
  const expected = {
    type: "llama3",
    factor: 32,
    lowFrequencyFactor: 1,
    highFrequencyFactor: 4,
    originalPositions: 8192,
  };
  const { rope_scaling, rope_theta, ...rest } = llama3;
  for (const json of [llama3, { ...rest, rope_parameters: { ...rope_scaling, rope_theta } }]) {
    const { ropeScaling, ropeTheta } = parse(json);
    assertEquals([ropeScaling, ropeTheta], [expected, 500_000]);
  }
  // Both are written, for transformers 5 and for earlier ones.
  const written = formatModelConfig(parse(llama3));
  assertEquals(written.rope_scaling, llama3Scaling);
  assertEquals([written.rope_parameters, written.rope_theta], [{ ...llama3Scaling, rope_theta: 500_000 }, 500_000]);
});

Deno.test("rotary scalings that are not computed, or lack a number, are refused by key", () => {
  const scaled = (changes: object) => ({ ...llama3, rope_scaling: { ...llama3Scaling, ...changes } });
  for (const type of ["dynamic", "yarn", "longrope", "su", 3]) {
    assertRefused(
      scaled({ rope_type: type }),
      `rope_scaling: rope_type is ${JSON.stringify(type)}; this computes "default", "linear" and "llama3"`,
    );
  }
  assertRefused({ ...llama3, rope_scaling: { type: "yarn", factor: 4 } }, 'rope_type is "yarn"');
  for (const key of ["factor", "low_freq_factor", "high_freq_factor"]) {
    assertRefused(scaled({ [key]: undefined }), `rope_scaling: ${key} is missing; it must be a positive number`);
  }
  assertRefused(
    scaled({ original_max_position_embeddings: 1.5 }),
    "original_max_position_embeddings is 1.5; it must be",
  );
  assertRefused(scaled({ high_freq_factor: 1 }), "high_freq_factor is 1; it must be over low_freq_factor, 1");
  assertRefused({ ...llama3, rope_scaling: "linear" }, 'rope_scaling is "linear"; it must be an object');
  assertRefused({ ...llama3, rope_parameters: { rope_type: "linear" } }, "rope_parameters: factor is missing");
  assertRefused({ ...llama3, partial_rotary_factor: 0.5 }, "partial_rotary_factor is 0.5; this reads 1 only");
  assertEquals(parse(scaled({ rope_type: "linear" })).ropeScaling, { type: "linear", factor: 32 });
  assertEquals(parse({ ...llama3, rope_scaling: { type: "default" } }).ropeScaling, undefined);
});

Deno.test("OPT is read in both forms", () => {
  const plain = parse(opt);
  assertEquals([plain.normPlace, plain.embeddingSize, plain.tiedHead, plain.feedForwardSize], [
    "before",
    undefined,
    true,
    40,
  ]);
  const narrow = parse({ ...opt, do_layer_norm_before: false, word_embed_proj_dim: 8 });
  assertEquals([narrow.normPlace, narrow.embeddingSize], ["after", 8]);
  assertEquals(parse({ ...opt, word_embed_proj_dim: undefined }).embeddingSize, undefined);
});

Deno.test("of OPT, what would change the arithmetic is refused by key", () => {
  assertRefused({ ...opt, activation_function: "gelu" }, 'activation_function is "gelu"; this reads "relu" only');
  assertRefused({ ...opt, enable_bias: false }, "enable_bias is false; this reads true only");
  assertRefused({ ...opt, layer_norm_elementwise_affine: false }, "layer_norm_elementwise_affine is false");
  assertRefused({ ...opt, _remove_final_layer_norm: true }, "_remove_final_layer_norm is true; this reads false only");
  assertRefused({ ...opt, do_layer_norm_before: 0 }, "do_layer_norm_before is 0; it must be true or false");
  assertRefused({ ...opt, ffn_dim: undefined }, "ffn_dim is missing");
});

Deno.test("Mistral's window is of all layers; null is none, and a missing one transformers' 4,096", () => {
  assertEquals(parse(mistral).window, undefined);
  assertEquals(parse({ ...mistral, sliding_window: 16 }).window, { tokens: 16, layers: [true, true, true, true] });
  assertEquals(parse({ ...mistral, sliding_window: undefined }).window?.tokens, 4096);
  assertRefused({ ...mistral, sliding_window: 0 }, "sliding_window is 0; it must be a positive whole number");
});

Deno.test("Qwen's window is of the layers that max_window_layers or layer_types give, where use_sliding_window says so", () => {
  const types = ["sliding_attention", "full_attention", "full_attention", "sliding_attention"];
  for (const json of [qwen2, qwen3]) {
    assertEquals(parse(json).window, undefined);
    const windowed = { ...json, use_sliding_window: true };
    assertEquals(parse(windowed).window, { tokens: 32, layers: [false, false, true, true] });
    assertEquals(parse({ ...windowed, max_window_layers: 0 }).window?.layers, [true, true, true, true]);
    assertEquals(parse({ ...windowed, max_window_layers: 4 }).window, undefined);
    assertEquals(parse({ ...windowed, layer_types: types }).window?.layers, [true, false, false, true]);
    assertEquals(parse({ ...json, layer_types: Array(4).fill("full_attention") }).window, undefined);
    assertRefused(
      { ...json, layer_types: ["sliding_attention", ...Array(3).fill("full_attention")] },
      'layer_types has "sliding_attention"',
    );
    assertRefused({ ...windowed, layer_types: ["full_attention"] }, "layer_types must be a list of 4");
    assertRefused({ ...windowed, layer_types: Array(4).fill("linear_attention") }, "layer_types must be a list of 4");
    assertRefused({ ...windowed, max_window_layers: -1 }, "max_window_layers is -1; it must be a whole number");
  }
});

Deno.test("the number of key heads that is not said is transformers' default, and null is as many as heads", () => {
  const heads = (json: object, value?: null) =>
    parse({ ...json, num_attention_heads: 32, hidden_size: 128, num_key_value_heads: value }).numKvHeads;
  assertEquals([mistral, qwen2, qwen3, gemma3, llama3].map((json) => heads(json)), [8, 32, 32, 4, 32]);
  assertEquals([mistral, qwen2, qwen3, gemma3, llama3].map((json) => heads(json, null)), Array(5).fill(32));
  assertRefused({ ...mistral, num_key_value_heads: undefined }, "8 key-value heads do not divide 6 heads");
});

Deno.test("what a Qwen3 or Gemma 3 config.json leaves out takes the defaults of transformers", () => {
  assertEquals(parse({ ...qwen3, head_dim: undefined }).headSize, 128);
  const { headSize, numKvHeads, scoreDivisor, ropeTheta, window, tiedHead } = parse({
    model_type: "gemma3_text",
    ...sizes,
    num_attention_heads: 8,
    num_hidden_layers: 7,
    intermediate_size: 40,
  });
  assertEquals([headSize, numKvHeads, scoreDivisor, ropeTheta, tiedHead], [256, 4, 256, 1_000_000, true]);
  assertEquals(window, {
    tokens: 4096,
    layers: [true, true, true, true, true, false, true],
    ropeTheta: 10_000,
  });
});

Deno.test("Gemma 3's layers and rotations are read as transformers 5 keeps them, and as earlier ones did", () => {
  const { rope_theta, rope_local_base_freq, rope_scaling: _, sliding_window_pattern: __, ...rest } = gemma3;
  const later = {
    ...rest,
    _sliding_window_pattern: 6,
    layer_types: ["sliding_attention", "sliding_attention", "full_attention", "sliding_attention"],
    rope_parameters: {
      full_attention: { rope_type: "linear", factor: 8, rope_theta },
      sliding_attention: { rope_type: "default", rope_theta: rope_local_base_freq },
    },
  };
  assertEquals(parse(later), parse({ ...gemma3, rope_scaling: { rope_type: "linear", factor: 8 } }));
  assertEquals(parse({ ...rest, _sliding_window_pattern: 2 }).window?.layers, [true, false, true, false]);
  const windowScaled = { ...later.rope_parameters, sliding_attention: { rope_type: "linear", factor: 2 } };
  assertRefused(
    { ...later, rope_parameters: windowScaled },
    'rope_parameters.sliding_attention: rope_type is "linear"',
  );
});

Deno.test("of Gemma 3, what would change the arithmetic is refused by key", () => {
  assertRefused({ ...gemma3, attn_logit_softcapping: 50 }, "attn_logit_softcapping is 50; this reads null only");
  assertRefused({ ...gemma3, final_logit_softcapping: 30 }, "final_logit_softcapping is 30; this reads null only");
  assertRefused({ ...gemma3, use_bidirectional_attention: true }, "use_bidirectional_attention is true");
  assertRefused(
    { ...gemma3, hidden_activation: "gelu" },
    'hidden_activation is "gelu"; this reads "gelu_pytorch_tanh" only',
  );
  assertRefused({ ...gemma3, attention_bias: true }, "attention_bias is true");
});

/** Keys that say the same in other words: the layers from which on there would be a window, of which there are none. */
const OTHER_WORDS = ["max_window_layers"];

for (
  const name of ["opt", "opt-350m", "qwen2", "llama3", "llama3-tied", "mistral", "smollm2", "qwen3", "gemma3_text"]
) {
  testBeside(
    `fixtures/hf/${name}`,
    `what is written of ${name} agrees with what transformers wrote of it`,
    async (folder) => {
      const theirs = JSON.parse(await Deno.readTextFile(`${folder}/config.json`)) as Record<string, unknown>;
      const ours = formatModelConfig(parse(theirs));
      assertEquals(parse(ours), parse(theirs));
      const shared = Object.keys(ours).filter((key) =>
        key in theirs && theirs[key] !== null && !OTHER_WORDS.includes(key)
      );
      assertEquals(shared.length > 10, true, `${shared}`);
      for (const key of shared) assertEquals(ours[key], theirs[key], key);
    },
  );
}
