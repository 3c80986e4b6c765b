import { storageErrorOf } from "./storage.ts";

/**
 * A lock that the operating system keeps on a file and takes away when the process ends, however it ends. The file stays where it is: a
 * process that removed it could leave two others with a lock each.
 */
export class FileLock implements Disposable {
  readonly file: Deno.FsFile;

  private constructor(file: Deno.FsFile) {
    this.file = file;
  }

  /**
   * Takes the lock, unless another holds it; makes the file, and its folder, where there is none.
   *
   * @returns undefined where another holds it
   * @throws {StorageError} where the file may not be written
   */
  static async tryAcquire(path: string): Promise<FileLock | undefined> {
    const file = await open(path);
    try {
      if (await file.tryLock(true)) return new FileLock(file);
    } catch (error) {
      file.close();
      throw await storageErrorOf(error, path, "written");
    }
    file.close();
    return undefined;
  }

  [Symbol.dispose](): void {
    this.file.close();
  }
}

async function open(path: string): Promise<Deno.FsFile> {
  try {
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    // Not truncated: the file may say who holds it.
    return await Deno.open(path, { read: true, write: true, create: true });
  } catch (error) {
    throw await storageErrorOf(error, path, "written");
  }
}
