import { InputError } from "#lib/errors.ts";
import type { Json } from "./config_json.ts";
import type { DecoderConfig } from "./decoder_config.ts";
import { DECODER_FAMILIES } from "./decoder_families.ts";
import { formatT5Config, parseT5Config, T5_FAMILIES, type T5Config } from "./t5_config.ts";

export type ModelConfig = DecoderConfig | T5Config;

/**
 * Reads a Hugging Face `config.json`.
 *
 * @param path names the file in messages
 * @throws {InputError} if it is of a model that this project does not know, or cannot compute
 */
export function parseModelConfig(json: unknown, path: string): ModelConfig {
  if (typeof json !== "object" || json === null) throw new InputError(`${path}: must be a JSON object`);
  const config = json as Json;
  refuseQuantised(config, path);
  const type = config.model_type;
  if (isNameIn(DECODER_FAMILIES, type)) return DECODER_FAMILIES[type].parseConfig(config, path);
  if (isNameIn(T5_FAMILIES, type)) return parseT5Config(type, config, path);
  const known = [DECODER_FAMILIES, T5_FAMILIES].flatMap(Object.keys).map((name) => `"${name}"`).join(", ");
  throw new InputError(`${path}: model_type is ${JSON.stringify(type) ?? "missing"}; this reads ${known}`);
}

/** GPTQ, AWQ, bitsandbytes, fp8, mxfp4 and their like all say so under one of these keys. */
function refuseQuantised(config: Json, path: string): void {
  const key = ["quantization_config", "compression_config"].find((each) => config[each] != null);
  if (key === undefined) return;
  const { quant_method: method } = config[key] as Json;
  const by = method === undefined ? "" : ` by ${JSON.stringify(method)}`;
  throw new InputError(
    `${path}: ${key} says that the weights are quantised${by}; take a checkpoint in f32, f16 or bf16`,
  );
}

function isNameIn<Name extends string>(families: Readonly<Record<Name, unknown>>, name: unknown): name is Name {
  return typeof name === "string" && Object.hasOwn(families, name);
}

/** The Hugging Face `config.json` of a model, which `parseModelConfig` reads back. */
export function formatModelConfig(config: ModelConfig): Record<string, unknown> {
  return "startId" in config ? formatT5Config(config) : DECODER_FAMILIES[config.family].formatConfig(config);
}
