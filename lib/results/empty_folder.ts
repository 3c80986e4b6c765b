import { InputError } from "#lib/errors.ts";

/** @throws {InputError} if the folder holds anything, or is none */
export function expectNothingIn(folder: string): void {
  let first: IteratorResult<Deno.DirEntry>;
  try {
    first = Deno.readDirSync(folder)[Symbol.iterator]().next();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    if (error instanceof Deno.errors.NotADirectory) {
      throw new InputError(`${folder}: a file; name a folder to write to`);
    }
    throw error;
  }
  if (!first.done) {
    throw new InputError(`${folder}: holds ${first.value.name} already; name a folder that is empty or does not exist`);
  }
}
