import { InputError } from "#lib/errors.ts";
import { readTextStrictly } from "#lib/text_file.ts";
import { excerpt } from "#lib/visible_text.ts";

/** The value of a file of JSON. @throws {InputError} if it cannot be read, or is not JSON */
export async function readJsonFile(path: string): Promise<unknown> {
  const text = await readTextStrictly(path);
  if (text.startsWith("version https://git-lfs")) {
    throw new InputError(`${path}: a pointer of Git LFS, not the file itself; fetch it with git lfs pull`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError(`${path}: not JSON: ${excerpt((error as Error).message, 200)}`);
  }
}
