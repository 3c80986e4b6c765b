import { adapterName, requestAdapter } from "#kernels/runtime/adapter.ts";
import { readTextIfThere, writeIfChanged } from "#lib/results/storage.ts";

const FILE = ".cache/adapter.json";

/**
 * The name of this machine's adapter as it was last seen here: finished results are judged by it without touching the GPU, and whoever
 * opens the GPU tells what it really is.
 *
 * @param asks whether to ask for it where it was never seen, without opening it
 * @returns undefined where it is not known, or there is none: nothing could run then
 */
export async function adapterHere(asks: boolean): Promise<string | undefined> {
  const remembered = await rememberedAdapter();
  if (remembered !== undefined || !asks) return remembered;
  const adapter = await requestAdapter().catch(() => undefined);
  if (!adapter) return undefined;
  await rememberAdapter(adapterName(adapter.info));
  return adapterName(adapter.info);
}

async function rememberedAdapter(): Promise<string | undefined> {
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

/** Enough to tell that a folder was carried to another kind of machine. */
function machineName(): string {
  return `${Deno.build.target}, Deno ${Deno.version.deno}`;
}
