import { storageErrorOf, type StoragePlace } from "./storage.ts";

/** Milliseconds between two looks at a lock that another process holds. */
const LOOK_EVERY_MS = 100;

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
  static async tryAcquire(path: string, place?: StoragePlace): Promise<FileLock | undefined> {
    const file = await open(path, place);
    try {
      if (await file.tryLock(true)) return new FileLock(file);
    } catch (error) {
      file.close();
      throw await storageErrorOf(error, path, "written", place);
    }
    file.close();
    return undefined;
  }

  /** Takes the lock as soon as no other holds it. @param stop ends the wait with its reason */
  static async acquire(path: string, stop: AbortSignal, place?: StoragePlace): Promise<FileLock> {
    for (;;) {
      const lock = await FileLock.tryAcquire(path, place);
      if (lock) return lock;
      stop.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  [Symbol.dispose](): void {
    this.file.close();
  }
}

async function open(path: string, place?: StoragePlace): Promise<Deno.FsFile> {
  try {
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    // Not truncated: the file may say who holds it.
    return await Deno.open(path, { read: true, write: true, create: true });
  } catch (error) {
    throw await storageErrorOf(error, path, "written", place);
  }
}
