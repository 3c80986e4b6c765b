import { adapterName, requestAdapter } from "#kernels/runtime/adapter.ts";
import { readTextIfThere, writeIfChanged } from "./storage.ts";

const FILE = ".cache/adapter.json";

/**
 * The name of this machine's adapter as the last run here saw it: finished results are judged by it without touching the GPU. Undefined
 * if none has run yet. Whoever opens the GPU tells what it really is.
 */
export async function rememberedAdapter(): Promise<string | undefined> {
  try {
    const { adapter, machine } = JSON.parse(await readTextIfThere(FILE) ?? "{}");
    return machine === machineName() && typeof adapter === "string" ? adapter : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Keeps the name; a folder that cannot be written only makes the next run ask again. */
export async function rememberAdapter(adapter: string): Promise<void> {
  await writeIfChanged(FILE, `${JSON.stringify({ adapter, machine: machineName() })}\n`).catch(() => {});
}

/** Asks which adapter there is, without opening it; undefined if there is none. */
export async function askForAdapter(): Promise<string | undefined> {
  const adapter = await requestAdapter().catch(() => undefined);
  return adapter && adapterName(adapter.info);
}

/** Enough to tell that a folder was carried to another kind of machine. */
function machineName(): string {
  return `${Deno.build.target}, Deno ${Deno.version.deno}`;
}
