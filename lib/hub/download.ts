import { createHash, type Hash } from "node:crypto";
import { InputError } from "#lib/errors.ts";
import { FileLock } from "#lib/results/file_lock.ts";
import { storageErrorOf } from "#lib/results/storage.ts";
import { describeNetworkError } from "#lib/waiting.ts";
import { type CachedRepository, sizeOf } from "./cache.ts";
import type { HubClient, RemoteFile } from "./client.ts";
import type { HubReference } from "./reference.ts";
import { PassingFault, type Requests } from "./requests.ts";
import { CACHE_PLACE } from "./settings.ts";

/** What is to be known of a download while it lasts. */
export interface DownloadWatcher {
  say(message: string): void;
  /** So many of the file's bytes are here, `fetched` of them by this process. */
  progress(file: RemoteFile, bytes: number, fetched: number): void;
}

export interface DownloadContext {
  readonly client: HubClient;
  readonly requests: Requests;
  readonly repository: CachedRepository;
  readonly reference: HubReference;
  readonly commit: string;
  readonly watcher: DownloadWatcher;
}

/** What a download has brought so far, so that it need not be brought again. */
export function incompleteOf(repository: CachedRepository, { digest }: RemoteFile): string {
  return `${repository.blob(digest)}.incomplete`;
}

/** Once a connection has brought so much, the next fault is the first again. */
const PROGRESS_BYTES = 1 << 20;
const CHUNK_BYTES = 1 << 20;

/**
 * Brings a file into `blobs/`, unless it is there. One process brings it; another that wants it waits. What a process that was stopped
 * has left is continued, and the file gets its name when its digest is right.
 *
 * @throws {InputError} where what the server sends is not the file that it lists, or the reasons of `HubClient`
 * @throws {StorageError} where the disk is full, or the cache may not be written
 */
export async function downloadBlob(file: RemoteFile, context: DownloadContext): Promise<void> {
  const { repository, watcher, requests, reference } = context;
  const path = repository.lockOf(file.digest);
  let lock = await FileLock.tryAcquire(path, CACHE_PLACE);
  if (!lock) {
    watcher.say(`${reference.repository}/${file.name}: another process is fetching it; waiting for that`);
    lock = await FileLock.acquire(path, requests.stop, CACHE_PLACE);
  }
  using _ = lock;
  if (sizeOf(repository.blob(file.digest)) === file.size) return;
  const incomplete = incompleteOf(repository, file);
  try {
    await Deno.mkdir(`${repository.folder}/blobs`, { recursive: true });
    await repository.expectInside(`${repository.folder}/blobs`);
    const found = await Deno.lstat(incomplete).catch(() => undefined);
    // Through a link something else would be written over.
    if (found && !found.isFile) await Deno.remove(incomplete, { recursive: true });
    using part = await PartFile.open(incomplete, file);
    const continued = part.bytes > 0;
    await fill(part, file, context);
    if (!part.isWhole() && continued) {
      watcher.say(
        `${reference.repository}/${file.name}: what an earlier run has left of it is not of this file; it is fetched anew`,
      );
      await part.restart();
      await fill(part, file, context);
    }
    if (!part.isWhole()) {
      await Deno.remove(incomplete);
      throw new InputError(
        `${reference.repository}/${file.name}: what came has the digest ${
          part.digest().slice(0, 12)
        }…, the hub lists ` +
          `${
            file.digest.slice(0, 12)
          }…; it was removed: try again, and if it stays so do not trust ${context.client.endpoint}`,
      );
    }
    await part.sync();
    await Deno.rename(incomplete, repository.blob(file.digest));
  } catch (error) {
    throw await storageErrorOf(error, incomplete, "written", CACHE_PLACE);
  }
}

/** Brings what a part lacks, by as many connections as it takes. */
async function fill(part: PartFile, file: RemoteFile, context: DownloadContext): Promise<void> {
  const { requests, watcher, reference } = context;
  // The most that was there: a server that begins anew each time brings nothing.
  let [fetched, most, before] = [0, part.bytes, part.bytes];
  watcher.progress(file, part.bytes, 0);
  await requests.retry(`${reference.repository}/${file.name}`, async () => {
    before = most;
    if (part.bytes >= file.size) return;
    for await (const chunk of chunks(part, file, context)) {
      if (part.bytes + chunk.length > file.size) {
        await part.restart();
        throw new PassingFault(`more than the ${file.size} bytes that the hub lists`);
      }
      await part.append(chunk);
      most = Math.max(most, part.bytes);
      watcher.progress(file, part.bytes, fetched += chunk.length);
    }
    if (part.bytes < file.size) throw new PassingFault(`cut off after ${part.bytes} of ${file.size} bytes`);
  }, () => most - before >= PROGRESS_BYTES);
}

/** The bytes after those of a part, by one connection; it is ended where it brings nothing for long. */
async function* chunks(part: PartFile, file: RemoteFile, context: DownloadContext): AsyncGenerator<Uint8Array> {
  const { client, requests, reference, commit } = context;
  const silence = new AbortController();
  const signal = AbortSignal.any([requests.stop, silence.signal]);
  const response = await client.open(reference, commit, file.name, part.bytes, signal);
  await expectPlace(part, response);
  let last = performance.now();
  const timer = setInterval(() => {
    if (performance.now() - last >= requests.silenceMs) silence.abort();
  }, Math.min(1000, requests.silenceMs));
  try {
    for await (const chunk of response.body ?? []) {
      yield chunk;
      last = performance.now();
    }
  } catch (error) {
    requests.stop.throwIfAborted();
    if (silence.signal.aborted) throw new PassingFault(`nothing came for ${requests.silenceMs / 1000} s`);
    throw new PassingFault(`cut off after ${part.bytes} of ${file.size} bytes (${describeNetworkError(error)})`);
  } finally {
    clearInterval(timer);
  }
}

/** Sees to it that what comes is what follows the part; a server without ranges sends all of it. */
async function expectPlace(part: PartFile, response: Response): Promise<void> {
  const { status, headers } = response;
  const from = status === 206 ? Number(/^bytes (\d+)-/.exec(headers.get("content-range") ?? "")?.[1] ?? NaN) : 0;
  if (status !== 416 && from === part.bytes) return;
  if (status === 200) return await part.restart();
  await response.body?.cancel();
  await part.restart();
  throw new PassingFault(
    status === 416 ? "the server has no such range" : "the server sends another range than it was asked for",
  );
}

/** A file that is being brought, with the digest of what is in it. */
class PartFile implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #expected: RemoteFile;
  #hash: Hash;
  bytes = 0;

  private constructor(file: Deno.FsFile, expected: RemoteFile) {
    [this.#file, this.#expected] = [file, expected];
    this.#hash = startDigest(expected);
  }

  static async open(path: string, expected: RemoteFile): Promise<PartFile> {
    const part = new PartFile(await Deno.open(path, { read: true, write: true, create: true }), expected);
    const buffer = new Uint8Array(CHUNK_BYTES);
    for (let read; (read = await part.#file.read(buffer)) !== null; part.bytes += read) {
      part.#hash.update(buffer.subarray(0, read));
    }
    if (part.bytes > expected.size) await part.restart();
    return part;
  }

  async append(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length;) at += await this.#file.write(chunk.subarray(at));
    this.#hash.update(chunk);
    this.bytes += chunk.length;
  }

  async restart(): Promise<void> {
    await this.#file.truncate();
    await this.#file.seek(0, Deno.SeekMode.Start);
    this.#hash = startDigest(this.#expected);
    this.bytes = 0;
  }

  /** Of what is there so far. */
  digest(): string {
    return this.#hash.copy().digest("hex");
  }

  isWhole(): boolean {
    return this.bytes === this.#expected.size && this.digest() === this.#expected.digest;
  }

  async sync(): Promise<void> {
    await this.#file.sync();
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

/** SHA-256 of the bytes, or git's SHA-1 of them as a blob. */
function startDigest({ digest, size }: RemoteFile): Hash {
  return digest.length === 64 ? createHash("sha256") : createHash("sha1").update(`blob ${size}\0`);
}
