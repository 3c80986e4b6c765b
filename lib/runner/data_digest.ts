import { InputError } from "#lib/errors.ts";
import { digestOf, digestOfJson } from "#lib/results/digest.ts";

/** The data that comes with the program; its files are among the sources that a cell reaches. */
const EMBEDDED = "embedded";

/**
 * The digest of the names and contents of a folder's files, folders in it included; where it is makes no difference.
 *
 * @param path the folder of `--data`; without it the embedded data is used
 * @throws {InputError} if there is no such folder
 */
export async function dataDigest(path: string | undefined): Promise<string> {
  if (path === undefined) return EMBEDDED;
  const files: string[] = [];
  const walk = async (folder: string) => {
    for await (const { name, isDirectory } of Deno.readDir(`${path}/${folder}`)) {
      if (isDirectory) await walk(`${folder}${name}/`);
      else files.push(`${folder}${name}`);
    }
  };
  try {
    await walk("");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new InputError(`--data ${path}: there is no such folder`);
    if (error instanceof Deno.errors.NotADirectory) throw new InputError(`--data ${path}: this is no folder`);
    throw error;
  }
  const digests: string[] = [];
  for (const file of files.sort()) digests.push(`${file} ${digestOf(await Deno.readFile(`${path}/${file}`))}`);
  return digestOfJson(digests);
}
