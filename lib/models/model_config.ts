import { InputError } from "#lib/errors.ts";
import type { Json } from "./config_json.ts";
import { type DecoderConfig, formatDecoderConfig, parseDecoderConfig } from "./decoder_config.ts";
import { formatT5Config, parseT5Config, type T5Config } from "./t5_config.ts";

export type ModelConfig = DecoderConfig | T5Config;

const PARSERS: Readonly<Record<ModelConfig["family"], (config: Json, path: string) => ModelConfig>> = {
  gpt2: parseDecoderConfig,
  llama: parseDecoderConfig,
  t5: parseT5Config,
  mt5: parseT5Config,
};

/**
 * Reads a Hugging Face `config.json`.
 *
 * @param path names the file in messages
 * @throws {InputError} if it is of a model that this project does not know, or cannot compute
 */
export function parseModelConfig(json: unknown, path: string): ModelConfig {
  if (typeof json !== "object" || json === null) throw new InputError(`${path}: must be a JSON object`);
  const type = (json as Json).model_type;
  if (typeof type === "string" && Object.hasOwn(PARSERS, type)) {
    return PARSERS[type as ModelConfig["family"]](json as Json, path);
  }
  const known = Object.keys(PARSERS).map((name) => `"${name}"`).join(", ");
  throw new InputError(`${path}: model_type is ${JSON.stringify(type)}; this reads ${known}`);
}

/** The Hugging Face `config.json` of a model, which `parseModelConfig` reads back. */
export function formatModelConfig(config: ModelConfig): Record<string, unknown> {
  return "startId" in config ? formatT5Config(config) : formatDecoderConfig(config);
}
