import { createHash } from "node:crypto";

/** The commit of every repository, unless a test says another. */
export const COMMIT = "0123456789abcdef0123456789abcdef01234567";
export const GOOD_TOKEN = "hf_good";

/** A repository as a test has it. */
export interface TestRepository {
  readonly files: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>;
  readonly commit?: string;
  /** Branches and tags besides `main`. */
  readonly revisions?: readonly string[];
  readonly gated?: boolean;
  /** The name that it has now: requests are redirected there. */
  readonly movedTo?: string;
}

export interface HubServerOptions {
  /** Whether the list has names alone, as some mirrors'. */
  readonly listsNamesOnly?: boolean;
  /** Whether ranges are ignored. */
  readonly ignoresRanges?: boolean;
  /** Where large files are redirected; the server itself, under `/cdn`, where it is not said. */
  readonly filesAt?: string;
}

/** What was asked, as in `GET /org/m/resolve/…/config.json`, with ` range …` and ` auth` where these were sent. */
type Intervention = (what: string, number: number) => Response | undefined | Promise<Response | undefined>;

/** A hub on this machine: the part of its interface that huggingface_hub needs, too. `await using` ends it. */
export class TestHubServer implements AsyncDisposable {
  readonly requests: string[] = [];
  readonly endpoint: string;
  /** Answers in place of the hub where it gives something. */
  intervene: Intervention = () => undefined;
  /** The next large file's body ends with a broken connection after so many bytes; `0` not at all. */
  cutAt = 0;
  /** Bytes that are sent in place of a large file's. */
  sendInstead?: Uint8Array<ArrayBuffer>;
  readonly #repositories: Record<string, TestRepository>;
  readonly #options: HubServerOptions;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(repositories: Record<string, TestRepository>, options: HubServerOptions = {}) {
    [this.#repositories, this.#options] = [repositories, options];
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#serve(request),
    );
    this.endpoint = `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** The requests since this was asked last. */
  taken(): string[] {
    return this.requests.splice(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #serve(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const path = decodeURIComponent(url.pathname);
    const range = request.headers.get("range");
    const isAuthorized = request.headers.has("authorization");
    const what = `${request.method} ${path}${range === null ? "" : ` range ${range}`}${isAuthorized ? " auth" : ""}`;
    const number = this.requests.push(what) - 1;
    const other = await this.intervene(what, number);
    if (other) return other;
    const [, kind, listed, revision] = /^\/api\/(models|datasets)\/(.+?)\/revision\/(.+)$/.exec(path) ?? [];
    if (kind !== undefined) {
      const repository = kind === "models" ? listed : `${kind}/${listed}`;
      return this.#refusalOf(repository, revision, request) ?? this.#list(repository, url.searchParams.has("blobs"));
    }
    const [, cdn, holder, at, name] = /^(\/cdn)?\/(.+?)\/resolve\/([^/]+)\/(.+)$/.exec(path) ?? [];
    if (holder === undefined) return refusal(404, "RepoNotFound");
    // What a redirect leads to needs no token, as a signed address.
    return (cdn ? undefined : this.#refusalOf(holder, at, request)) ??
      this.#file(holder, name, request, cdn !== undefined);
  }

  #refusalOf(name: string, revision: string, request: Request): Response | undefined {
    const repository = this.#repositories[name];
    if (!repository) return refusal(request.headers.has("authorization") ? 404 : 401, "RepoNotFound");
    const { commit = COMMIT, gated, revisions = [], movedTo } = repository;
    if (movedTo !== undefined) {
      const location = new URL(request.url).pathname.replace(name, movedTo) + new URL(request.url).search;
      return new Response(null, { status: 307, headers: { location } });
    }
    const token = request.headers.get("authorization");
    if (gated && token !== `Bearer ${GOOD_TOKEN}`) return refusal(token === null ? 401 : 403, "GatedRepo");
    return ["main", commit, ...revisions].includes(revision) ? undefined : refusal(404, "RevisionNotFound");
  }

  #list(name: string, withBlobs: boolean): Response {
    const { files, commit: sha = COMMIT } = this.#repositories[name];
    const siblings = Object.entries(files).map(([rfilename, content]) => {
      const { bytes, digest } = describe(rfilename, content);
      if (!withBlobs || this.#options.listsNamesOnly) return { rfilename };
      const isLarge = digest.length === 64;
      const size = bytes.length;
      return isLarge
        ? { rfilename, size, blobId: "f".repeat(40), lfs: { sha256: digest, size, pointerSize: 134 } }
        : { rfilename, size, blobId: digest };
    });
    return Response.json({ id: name, modelId: name, private: false, gated: false, sha, siblings });
  }

  #file(holder: string, name: string, request: Request, isCdn: boolean): Response {
    const { files, commit = COMMIT } = this.#repositories[holder];
    if (files[name] === undefined) return refusal(404, "EntryNotFound", commit);
    const { bytes, digest } = describe(name, files[name]);
    const isLarge = digest.length === 64;
    const etag = `"${digest}"`;
    const about = { "x-repo-commit": commit, "accept-ranges": "bytes", etag };
    if (isLarge && !isCdn) {
      const { pathname } = new URL(request.url);
      const location = `${this.#options.filesAt ?? ""}/cdn${pathname}`;
      const linked = { "x-linked-etag": etag, "x-linked-size": String(bytes.length), location };
      return new Response(null, { status: 302, headers: { ...about, ...linked } });
    }
    const range = this.#options.ignoresRanges ? null : /^bytes=(\d+)-$/.exec(request.headers.get("range") ?? "");
    const from = Number(range?.[1] ?? 0);
    if (range && from >= bytes.length) return new Response(null, { status: 416 });
    const sent = isLarge && this.sendInstead ? this.sendInstead.subarray(from) : bytes.subarray(from);
    const headers: Record<string, string> = { ...about, "content-length": String(sent.length) };
    if (range) headers["content-range"] = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
    const body = request.method === "HEAD" ? null : isLarge ? this.#bodyOf(sent) : sent;
    return new Response(body, { status: range ? 206 : 200, headers });
  }

  /** Sends in small pieces, so that what is cut off has come as far as it is said to. */
  #bodyOf(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
    const end = this.cutAt;
    this.cutAt = 0;
    let at = 0;
    return new ReadableStream({
      pull(controller) {
        if (end > 0 && at >= end) return controller.error("cut off by the test");
        if (at >= bytes.length) return controller.close();
        const next = Math.min(at + 64 * 1024, end > 0 ? end : bytes.length);
        controller.enqueue(bytes.subarray(at, next));
        at = next;
      },
    });
  }
}

/** The bytes of a file and its digest: SHA-256 of weights and SentencePiece models, else git's of a blob. */
export function describe(name: string, content: string | Uint8Array<ArrayBuffer>) {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const isLarge = /\.(safetensors|bin|model|h5|msgpack|parquet)$/.test(name);
  const hash = isLarge ? createHash("sha256") : createHash("sha1").update(`blob ${bytes.length}\0`);
  return { bytes, digest: hash.update(bytes).digest("hex") };
}

function refusal(status: number, code: string, commit?: string): Response {
  const headers = { "x-error-code": code, ...(commit === undefined ? {} : { "x-repo-commit": commit }) };
  return Response.json({ error: code }, { status, headers });
}
