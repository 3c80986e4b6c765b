import { InputError } from "#lib/errors.ts";
import { readJsonFile } from "#lib/json_file.ts";
import type { Json } from "./config_json.ts";

/** What an adapter's `adapter_config.json` says, as PEFT writes it. */
export interface LoraConfig {
  /** The base model: a folder or ORG/NAME; undefined where it is not said. */
  readonly baseName?: string;
  readonly rank: number;
  readonly alpha: number;
  /** Whether ranks differ by module. */
  readonly hasRankPattern: boolean;
  /** Whether B A is divided by √r instead of r (Kalajdzievski 2023, arXiv 2312.03732). */
  readonly isRankStabilized: boolean;
  /** Whether weights are stored as inputs by outputs, as GPT-2's are. */
  readonly isTransposed: boolean;
}

/** Keys that are read, or that change nothing of what a trained adapter computes. */
const PASSED_OVER: ReadonlySet<string> = new Set([
  ...["peft_type", "base_model_name_or_path", "r", "lora_alpha", "rank_pattern", "use_rslora", "fan_in_fan_out"],
  ...["target_modules", "exclude_modules", "layers_to_transform", "layers_pattern", "task_type", "revision"],
  ...["inference_mode", "lora_dropout", "peft_version", "auto_mapping", "runtime_config", "ephemeral_gpu_offload"],
  // Of methods that other keys switch on.
  ...["qalora_group_size", "megatron_core", "megatron_config", "eva_config"],
]);

/** Values of `init_lora_weights` that leave the base model's weights as they are. */
const PLAIN_STARTS: readonly unknown[] = [undefined, null, true, false, "gaussian", "eva", "orthogonal"];

/** @throws {InputError} that names the key of what is not computed here */
export async function readLoraConfig(path: string): Promise<LoraConfig> {
  const json = await readJsonFile(path);
  if (typeof json !== "object" || json === null) throw new InputError(`${path}: must be a JSON object`);
  const config = json as Json;
  if (config.peft_type !== "LORA") {
    throw new InputError(`${path}: peft_type is ${JSON.stringify(config.peft_type) ?? "missing"}; this reads "LORA"`);
  }
  refuseOtherMethods(config, path);
  const number = (key: string): number => {
    const value = config[key];
    if (typeof value === "number" && value > 0) return value;
    throw new InputError(`${path}: ${key} is ${JSON.stringify(value) ?? "missing"}; it must be a positive number`);
  };
  const base = config.base_model_name_or_path;
  return {
    baseName: typeof base === "string" && base !== "" ? base : undefined,
    rank: number("r"),
    alpha: number("lora_alpha"),
    hasRankPattern: !isNeutral(config.rank_pattern),
    isRankStabilized: config.use_rslora === true,
    isTransposed: config.fan_in_fan_out === true,
  };
}

/** Every other key switches on something that is not computed here, unless it says that it does not. */
function refuseOtherMethods(config: Json, path: string): void {
  for (const [key, value] of Object.entries(config)) {
    if (PASSED_OVER.has(key)) continue;
    if (key === "init_lora_weights" ? PLAIN_STARTS.includes(value) : isNeutral(value)) continue;
    throw new InputError(`${path}: ${key} is ${JSON.stringify(value)}; adapters with this setting are not computed`);
  }
}

function isNeutral(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return value === undefined || value === null || value === false || value === "none";
}
