import type { DecoderFamilyName } from "./decoder_config.ts";
import type { DecoderFamily } from "./decoder_family.ts";
import { gpt2 } from "./gpt2.ts";
import { llama } from "./llama.ts";

/** Every decoder-only architecture. */
export const DECODER_FAMILIES: Readonly<Record<DecoderFamilyName, DecoderFamily>> = { gpt2, llama };
