import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { formatModelConfig, parseModelConfig } from "./model_config.ts";
import { TINY_T5 } from "./test_encoder_decoder.ts";
import type { T5Config } from "./t5_config.ts";

const json = { model_type: "t5", vocab_size: 50, d_model: 24, d_kv: 8, d_ff: 40, num_heads: 3, num_layers: 2 };
const parse = (config: unknown) => parseModelConfig(config, "m/config.json") as T5Config;

Deno.test("what a T5 config.json leaves out takes the defaults of transformers: those of the first T5", () => {
  assertEquals(parse(json), {
    family: "t5",
    vocabSize: 50,
    hiddenSize: 24,
    numLayers: 2,
    numDecoderLayers: 2,
    numHeads: 3,
    headSize: 8,
    feedForwardSize: 40,
    feedForward: "relu",
    numBuckets: 32,
    maxDistance: 128,
    normEps: 1e-6,
    tiedHead: true,
    scaledHead: true,
    startId: 0,
  });
});

Deno.test("T5 v1.1 and mT5 have gated feed-forwards and a head of their own that is not scaled", () => {
  const gated = { ...json, feed_forward_proj: "gated-gelu", tie_word_embeddings: false, num_decoder_layers: 3 };
  for (const model_type of ["t5", "mt5"]) {
    const config = parse({ ...gated, model_type });
    assertEquals([config.family, config.feedForward, config.numDecoderLayers], [model_type, "gatedGelu", 3]);
    assertEquals([config.tiedHead, config.scaledHead], [false, false]);
  }
  assertEquals(parse({ ...json, scale_decoder_outputs: false }).scaledHead, false);
  assertEquals(parse({ ...json, model_type: "mt5" }).scaledHead, false);
});

Deno.test("a T5 configuration reads back as it was written", () => {
  for (
    const config of [
      TINY_T5,
      { ...TINY_T5, family: "mt5", feedForward: "relu", tiedHead: true, startId: 2 } as T5Config,
    ]
  ) {
    assertEquals(parse(JSON.parse(JSON.stringify(formatModelConfig(config)))), config);
  }
});

Deno.test("what cannot be computed is refused with file and key", () => {
  const refused = (changes: object, message: string) => {
    const error = assertThrows(() => parse({ ...json, ...changes }), InputError, message);
    assertMatch(error.message, /^m\/config\.json: [^\n]+$/);
  };
  refused({ feed_forward_proj: "gated-silu" }, 'feed_forward_proj is "gated-silu"; known are relu, gated-gelu');
  refused({ d_kv: 6 }, "d_kv is 6; this computes multiples of 4");
  refused({ relative_attention_num_buckets: 6 }, "relative_attention_num_buckets is 6");
  refused({ d_model: undefined }, "d_model is missing");
  refused({ is_encoder_decoder: false }, "is_encoder_decoder is false");
  refused({ scale_decoder_outputs: 1 }, "scale_decoder_outputs is 1; it must be true or false");
  refused({ decoder_start_token_id: -1 }, "decoder_start_token_id is -1; it must be a token id");
});
