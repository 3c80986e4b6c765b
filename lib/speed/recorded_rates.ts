import { isJsonObject } from "#lib/data/json_text.ts";
import { readTextIfThere, writeIfChanged } from "#lib/results/storage.ts";
import type { Reference } from "./benchmarks.ts";

const FILE = ".cache/rates.json";

/** What an adapter gave at the sizes of GPT-2: `bench --shapes gpt2` keeps it, for estimates of what training takes. */
export interface RecordedRates extends Reference {
  /** As in `2026-11-29`. */
  readonly date: string;
}

/** Keeps the rates of an adapter; a folder that cannot be written, or may not, only leaves later estimates out. */
export async function rememberRates(adapter: string, rates: RecordedRates, file = FILE): Promise<void> {
  try {
    await writeIfChanged(file, `${JSON.stringify({ ...await readAll(file), [adapter]: rates }, null, 2)}\n`);
  } catch {
    // The bench has shown them.
  }
}

/** The rates of an adapter; undefined where none were measured here. */
export async function ratesOf(adapter: string, file = FILE): Promise<RecordedRates | undefined> {
  const rates = (await readAll(file))[adapter];
  if (!isJsonObject(rates)) return undefined;
  const { matmulGflops, copyGBs, date } = rates;
  const isRate = (value: unknown): value is number => typeof value === "number" && value > 0;
  if (!isRate(matmulGflops) || !isRate(copyGBs) || typeof date !== "string") return undefined;
  return { matmulGflops, copyGBs, date };
}

async function readAll(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const all: unknown = JSON.parse(await readTextIfThere(file) ?? "{}");
    return isJsonObject(all) ? all : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
