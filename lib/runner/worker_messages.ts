import { NoAdapterError } from "#kernels/runtime/adapter.ts";
import { DeviceLimitError, GpuError, GpuMemoryError } from "#kernels/runtime/device_errors.ts";
import { DamagedFileError, InputError, Interrupted, StorageError } from "#lib/errors.ts";
import type { WorkProgress } from "#lib/bench/experiment.ts";
import { NonFiniteError } from "#lib/training/measure_log.ts";
import type { Computation } from "./compute_cell.ts";
import { Busy } from "./shared_things.ts";

/*
 * What a process that computes cells (`./run cell`) and the one that started it say to each other: JSON, a message a line.
 */

/** To the worker, on its standard input; where that ends, the worker stops. */
export type Order =
  /** Computes a cell, by its full address; the next order comes after the answer. */
  | { readonly cell: string; readonly waits: boolean }
  /** Saves what is being computed, and ends. */
  | { readonly stop: Interrupted["signal"] };

/** From the worker, on its standard output. */
export type Message =
  | { readonly say: string }
  | { readonly note: string }
  | { readonly progress: WorkProgress }
  | Answer;

/** What became of a cell. */
export type Answer =
  | { readonly cell: string; readonly done: Computation }
  | { readonly cell: string; readonly failed: SentError };

interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}

/** Errors by which it is decided what becomes of the run: they arrive as what they were. */
const KINDS: Readonly<Record<string, new (message: string) => Error>> = {
  Busy,
  DamagedFileError,
  DeviceLimitError,
  GpuError,
  GpuMemoryError,
  InputError,
  NoAdapterError,
  NonFiniteError,
  StorageError,
};

export function sentError(error: unknown): SentError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message, stack } = error;
  return error instanceof Interrupted ? { name, message: error.signal } : { name, message, stack };
}

export function receivedError({ name, message, stack }: SentError): Error {
  if (name === "Interrupted") return new Interrupted(message as Interrupted["signal"]);
  const Kind = Object.hasOwn(KINDS, name) ? KINDS[name] : Error;
  return Object.assign(new Kind(message), { stack });
}

/** The whole lines of a stream; what a process that was killed has half written is left out. */
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}
