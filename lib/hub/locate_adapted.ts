import { isFolder } from "#lib/data/folder_names.ts";
import { locate, type LocatedModel, type LocateOptions } from "./locate.ts";
import { splitAdapter } from "./places.ts";

/**
 * Finds a model, or an adapter with its base: `BASE+ADAPTER`, each as `locate` takes it. A folder of the whole name goes first.
 *
 * @throws {InputError} as `locate` does
 */
export async function locateAdapted(word: string, options: LocateOptions = {}): Promise<LocatedModel> {
  const parts = splitAdapter(word);
  const path = word.startsWith("/") || options.caller === undefined ? word : `${options.caller}/${word}`;
  if (parts === undefined || isFolder(path)) return await locate(word, options);
  const [base, adapter] = parts;
  return { ...await locate(adapter, options), base: await locate(base, options) };
}
