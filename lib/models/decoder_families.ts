import type { DecoderFamilyName } from "./decoder_config.ts";
import type { DecoderFamily } from "./decoder_family.ts";
import { gemma3 } from "./gemma3.ts";
import { gpt2 } from "./gpt2.ts";
import { llama, mistral, qwen2, qwen3 } from "./llama.ts";
import { opt } from "./opt.ts";

/** Every decoder-only architecture. */
export const DECODER_FAMILIES: Readonly<Record<DecoderFamilyName, DecoderFamily>> = {
  gpt2,
  opt,
  llama,
  mistral,
  qwen2,
  qwen3,
  gemma3_text: gemma3,
};
