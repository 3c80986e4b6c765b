import type { RotaryScaling } from "#kernels/rotary/frequencies.ts";
import { InputError } from "#lib/errors.ts";
import { expect, type Json, positive, size } from "./config_json.ts";

/** The rotary positions of a model. */
export interface Rope {
  readonly theta: number;
  readonly scaling?: RotaryScaling;
}

/**
 * Reads `rope_parameters` (transformers 5), or `rope_scaling` and `rope_theta`.
 *
 * @throws {InputError} if the type of scaling is none that this project computes, or what it needs is missing
 */
export function parseRope(config: Json, path: string): Rope {
  expect(config, "partial_rotary_factor", 1, path);
  expect(config, "rope_interleaved", false, path);
  const key = config.rope_parameters == null ? "rope_scaling" : "rope_parameters";
  const rope = config[key];
  if (rope != null && (typeof rope !== "object" || Array.isArray(rope))) {
    throw new InputError(`${path}: ${key} is ${JSON.stringify(rope)}; it must be an object`);
  }
  const theta = positive(config, "rope_theta", 10_000, path);
  return rope == null ? { theta } : parseRopeParameters(rope as Json, `${path}: ${key}`, theta);
}

/**
 * Reads one set of rotary parameters.
 *
 * @param place names the file and the key in messages
 * @param otherwise the base where the set has none
 */
export function parseRopeParameters(rope: Json, place: string, otherwise: number): Rope {
  expect(rope, "partial_rotary_factor", 1, place);
  const theta = positive(rope, "rope_theta", otherwise, place);
  const type = rope.rope_type ?? rope.type ?? "default";
  if (type === "default") return { theta };
  if (type === "linear") return { theta, scaling: { type, factor: positive(rope, "factor", undefined, place) } };
  if (type === "llama3") return { theta, scaling: parseLlama3(rope, place) };
  throw new InputError(
    `${place}: rope_type is ${JSON.stringify(type)}; this computes "default", "linear" and "llama3"`,
  );
}

function parseLlama3(rope: Json, place: string): RotaryScaling {
  const lowFrequencyFactor = positive(rope, "low_freq_factor", undefined, place);
  const highFrequencyFactor = positive(rope, "high_freq_factor", undefined, place);
  if (highFrequencyFactor <= lowFrequencyFactor) {
    throw new InputError(
      `${place}: high_freq_factor is ${highFrequencyFactor}; it must be over low_freq_factor, ${lowFrequencyFactor}`,
    );
  }
  return {
    type: "llama3",
    factor: positive(rope, "factor", undefined, place),
    lowFrequencyFactor,
    highFrequencyFactor,
    originalPositions: size(rope, "original_max_position_embeddings", place),
  };
}

/** The keys of a `config.json`, for transformers 5 and for earlier ones. */
export function formatRope(rope: Rope): Record<string, unknown> {
  const scaling = rope.scaling && formatScaling(rope.scaling);
  return {
    rope_parameters: formatRopeParameters(rope),
    ...(scaling ? { rope_scaling: scaling } : {}),
    rope_theta: rope.theta,
  };
}

/** The same as one set of rotary parameters. */
export function formatRopeParameters({ theta, scaling }: Rope): Record<string, unknown> {
  return { rope_theta: theta, ...(scaling ? formatScaling(scaling) : { rope_type: "default" }) };
}

export function formatScaling(scaling: RotaryScaling): Record<string, unknown> {
  const { type, factor } = scaling;
  if (type === "linear") return { rope_type: type, factor };
  return {
    rope_type: type,
    factor,
    low_freq_factor: scaling.lowFrequencyFactor,
    high_freq_factor: scaling.highFrequencyFactor,
    original_max_position_embeddings: scaling.originalPositions,
  };
}
