import { InputError } from "#lib/errors.ts";

const LFS_POINTER = "version https://git-lfs";

/** A file that is read by ranges of bytes, never whole. */
export class RangeFile implements Disposable {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly #file: Deno.FsFile;

  private constructor(path: string, file: Deno.FsFile, size: number) {
    this.path = path;
    this.#file = file;
    this.size = size;
  }

  /** @throws {InputError} where there is no such file, it may not be read, or it stands for one that Git LFS holds */
  static open(path: string): RangeFile {
    const file = new RangeFile(path, ...openFile(path));
    try {
      const start = file.read(0, Math.min(file.size, LFS_POINTER.length));
      if (new TextDecoder("latin1").decode(start) === LFS_POINTER) {
        throw new InputError(`${path}: a pointer of Git LFS, not the file itself; git lfs pull brings that`);
      }
      return file;
    } catch (error) {
      file[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Fills `bytes` with those from `begin` on.
   *
   * @throws {InputError} if the file ends before
   */
  readInto(begin: number, bytes: Uint8Array): void {
    this.#file.seekSync(begin, Deno.SeekMode.Start);
    for (let done = 0; done < bytes.length;) {
      const count = this.#file.readSync(bytes.subarray(done));
      if (count === null) {
        throw new InputError(
          `${this.path}: it ends at byte ${begin + done}, before ${begin + bytes.length}; truncated`,
        );
      }
      done += count;
    }
  }

  read(begin: number, count: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(count);
    this.readInto(begin, bytes);
    return bytes;
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

function openFile(path: string): [file: Deno.FsFile, size: number] {
  try {
    const { isDirectory, size } = Deno.statSync(path);
    if (isDirectory) throw new InputError(`${path}: a folder, not a file`);
    return [Deno.openSync(path), size];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new InputError(`${path}: no such file`);
    if (error instanceof Deno.errors.PermissionDenied) throw new InputError(`${path}: this user may not read it`);
    throw error;
  }
}
