import { InputError } from "#lib/errors.ts";
import { type Json, size } from "./config_json.ts";
import type { AttentionWindow } from "./decoder_config.ts";

const KINDS: readonly unknown[] = ["full_attention", "sliding_attention"];

/**
 * Which layers of `layer_types` have the window.
 *
 * @returns undefined if the file does not say
 */
export function parseLayerTypes(config: Json, numLayers: number, path: string): readonly boolean[] | undefined {
  const types = config.layer_types;
  if (types == null) return undefined;
  if (!Array.isArray(types) || types.length !== numLayers || types.some((type) => !KINDS.includes(type))) {
    throw new InputError(
      `${path}: layer_types must be a list of ${numLayers}, one "full_attention" or "sliding_attention" for each layer`,
    );
  }
  return types.map((type) => type === "sliding_attention");
}

/** Mistral's window, of all layers; without the key it is transformers' 4,096. */
export function parseMistralWindow(config: Json, numLayers: number, path: string): AttentionWindow | undefined {
  if (config.sliding_window === null) return undefined;
  const tokens = config.sliding_window === undefined ? 4096 : size(config, "sliding_window", path);
  return { tokens, layers: Array(numLayers).fill(true) };
}

/** Qwen's window: of the layers from `max_window_layers` on, or of those that `layer_types` names, if `use_sliding_window` says so. */
export function parseQwenWindow(config: Json, numLayers: number, path: string): AttentionWindow | undefined {
  const listed = parseLayerTypes(config, numLayers, path);
  if (config.use_sliding_window !== true || config.sliding_window == null) {
    if (!listed?.includes(true)) return undefined;
    throw new InputError(
      `${path}: layer_types has "sliding_attention", which needs use_sliding_window true and a sliding_window`,
    );
  }
  const first = config.max_window_layers ?? 28;
  if (!Number.isInteger(first) || (first as number) < 0) {
    throw new InputError(`${path}: max_window_layers is ${JSON.stringify(first)}; it must be a whole number`);
  }
  const layers = listed ?? Array.from({ length: numLayers }, (_, layer) => layer >= (first as number));
  return layers.includes(true) ? { tokens: size(config, "sliding_window", path), layers } : undefined;
}

export function formatLayerTypes(numLayers: number, window?: AttentionWindow): string[] {
  return Array.from(
    { length: numLayers },
    (_, layer) => window?.layers[layer] ? "sliding_attention" : "full_attention",
  );
}
