import { InputError } from "#lib/errors.ts";

export interface FolderNames {
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/**
 * The names in a folder of data, by code units. Links count as what they point to, so that a folder may be put together of them; one
 * that leads nowhere counts as a file, and is refused by whoever reads it. Hidden files are no data: desktops and editors leave them
 * (`.DS_Store`, `._train.jsonl`, `.train.jsonl.swp`).
 *
 * @throws {InputError} if there is no such folder
 */
export function listNames(folder: string): FolderNames {
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(folder)].filter(({ name }) => !name.startsWith("."));
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "ELOOP") throw new InputError(`${folder}: the link leads back to itself`);
    if (error instanceof Deno.errors.NotFound) throw new InputError(`${folder}: there is no such folder`);
    if (error instanceof Deno.errors.NotADirectory) throw new InputError(`${folder}: it is a file, not a folder`);
    if (error instanceof Deno.errors.PermissionDenied) throw new InputError(`${folder}: this user may not read it`);
    throw error;
  }
  const isDirectory = ({ name, isDirectory, isSymlink }: Deno.DirEntry) =>
    isDirectory || (isSymlink && isFolder(`${folder}/${name}`));
  const names = (chosen: Deno.DirEntry[]) => chosen.map(({ name }) => name).sort();
  return {
    files: names(entries.filter((entry) => !isDirectory(entry))),
    folders: names(entries.filter(isDirectory)),
  };
}

/** Whether there is a folder at a path, or at the end of its links. */
export function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    const { code } = error as { code?: string };
    if (error instanceof Deno.errors.NotFound || code === "ELOOP" || code === "ENOTDIR") return false;
    throw error;
  }
}

/**
 * Refuses a folder in another one that is a link to that or to one above it: its files would be read twice.
 *
 * @throws {InputError} if it is so
 */
export function refuseLoop(folder: string, name: string): void {
  const [outer, inner] = [Deno.realPathSync(folder), Deno.realPathSync(`${folder}/${name}`)];
  if (outer === inner || outer.startsWith(`${inner === "/" ? "" : inner}/`)) {
    throw new InputError(`${folder}/${name}: the link leads back to a folder that it is in`);
  }
}
