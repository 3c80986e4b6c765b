import { InputError } from "#lib/errors.ts";

// Keys of a Hugging Face `config.json`, read with messages that name file and key.

export type Json = Readonly<Record<string, unknown>>;

export function size(config: Json, key: string, path: string): number {
  const value = config[key];
  if (!Number.isInteger(value) || (value as number) < 1) {
    throw new InputError(
      `${path}: ${key} is ${JSON.stringify(value) ?? "missing"}; it must be a positive whole number`,
    );
  }
  return value as number;
}

/** @param otherwise what a missing key means; undefined if it must be there */
export function positive(config: Json, key: string, otherwise: number | undefined, path: string): number {
  const value = config[key] ?? otherwise;
  if (!(typeof value === "number" && value > 0)) {
    throw new InputError(`${path}: ${key} is ${JSON.stringify(value) ?? "missing"}; it must be a positive number`);
  }
  return value;
}

/** @param otherwise what a missing key means */
export function flag(config: Json, key: string, otherwise: boolean, path: string): boolean {
  const value = config[key] ?? otherwise;
  if (typeof value === "boolean") return value;
  throw new InputError(`${path}: ${key} is ${JSON.stringify(value)}; it must be true or false`);
}

/** Refuses a value that this project does not compute; a missing key means the one it does. */
export function expect(config: Json, key: string, value: unknown, path: string): void {
  if (config[key] !== undefined && config[key] !== null && config[key] !== value) {
    throw new InputError(`${path}: ${key} is ${JSON.stringify(config[key])}; this reads ${JSON.stringify(value)} only`);
  }
}
