import { z } from "zod";
import { InputError } from "#lib/errors.ts";
import { excerpt } from "#lib/visible_text.ts";
import { isDataSet } from "./places.ts";
import { formatReference, type HubReference, isCommit } from "./reference.ts";
import type { Requests } from "./requests.ts";
import type { HubSettings } from "./settings.ts";

/** A file of a repository at a commit. */
export interface RemoteFile {
  readonly name: string;
  /** Of bytes. */
  readonly size: number;
  /** SHA-256 of the bytes in 64 digits where it is stored apart (LFS), else git's SHA-1 of it as a blob, in 40. */
  readonly digest: string;
}

/** A file as it is listed: some mirrors tell names alone. */
type ListedFile = Pick<RemoteFile, "name"> & Partial<RemoteFile>;

/** What a repository holds at a commit. */
export interface Listing {
  readonly commit: string;
  readonly files: readonly ListedFile[];
}

const LISTING = z.object({
  sha: z.string().refine(isCommit),
  siblings: z.array(z.object({
    rfilename: z.string(),
    size: z.number().int().nonnegative().nullish(),
    blobId: z.string().nullish(),
    lfs: z.object({ sha256: z.string(), size: z.number().int().nonnegative() }).nullish(),
  })),
});

/** The part of the hub's interface that fetching needs. */
export class HubClient {
  readonly #settings: HubSettings;
  readonly #requests: Requests;

  constructor(settings: HubSettings, requests: Requests) {
    [this.#settings, this.#requests] = [settings, requests];
  }

  get endpoint(): string {
    return this.#settings.endpoint;
  }

  /** What is at a revision now. @throws {InputError} one line with the reason, and what to do about it */
  async list(reference: HubReference): Promise<Listing> {
    const { repository, revision } = reference;
    const listed = isDataSet(repository) ? repository : `models/${repository}`;
    const url = `${this.#settings.endpoint}/api/${listed}/revision/${encodeURIComponent(revision)}?blobs=true`;
    const what = formatReference(reference);
    const body = await this.#requests.retry(what, async () => {
      const response = await this.#requests.send(url);
      if (!response.ok) throw await this.#refusal(response, reference);
      return await response.text();
    });
    const { data: listing } = LISTING.safeParse(parsed(body));
    if (!listing) {
      throw new InputError(
        `${what}: ${this.#settings.endpoint} answers with no list of files; is HF_ENDPOINT right, and no login page between?`,
      );
    }
    const files = listing.siblings.map(({ rfilename: name, size, blobId, lfs }) => {
      expectPlain(name, what);
      const digest = lfs?.sha256 ?? blobId ?? undefined;
      return { name, size: lfs?.size ?? size ?? undefined, digest: isDigest(digest) ? digest : undefined };
    });
    return { commit: listing.sha, files };
  }

  /** Size and digest of a file; they are asked for where the list does not tell them. */
  async describe(reference: HubReference, commit: string, { name, size, digest }: ListedFile): Promise<RemoteFile> {
    if (size !== undefined && digest !== undefined) return { name, size, digest };
    const { headers } = await this.#requests.retry(`${reference.repository}/${name}`, async () => {
      const response = await this.#requests.send(this.urlOf(reference.repository, commit, name), {
        method: "HEAD",
        isAnswer: ({ headers }) => headers.has("x-linked-etag") && headers.has("x-linked-size"),
      });
      if (response.status >= 400) throw await this.#refusal(response, reference, name);
      await response.body?.cancel();
      return response;
    });
    const tag = (headers.get("x-linked-etag") ?? headers.get("etag") ?? "").replace(/^W\//, "").replaceAll('"', "");
    const length = headers.get("x-linked-size") ?? headers.get("content-length") ?? "";
    if (!isDigest(tag) || !/^\d+$/.test(length)) {
      throw new InputError(
        `${reference.repository}/${name}: ${this.#settings.endpoint} does not tell its size and digest, so that it could not be checked`,
      );
    }
    return { name, size: Number(length), digest: tag };
  }

  /** The bytes of a file from one on: 200 has all of them, 206 those asked for, 416 none. */
  async open(
    reference: HubReference,
    commit: string,
    name: string,
    from: number,
    signal: AbortSignal,
  ): Promise<Response> {
    const response = await this.#requests.send(this.urlOf(reference.repository, commit, name), {
      headers: from > 0 ? { range: `bytes=${from}-` } : {},
      signal,
    });
    if (response.ok || response.status === 416) return response;
    throw await this.#refusal(response, reference, name);
  }

  urlOf(repository: string, commit: string, name: string): string {
    return `${this.#settings.endpoint}/${repository}/resolve/${commit}/${
      name.split("/").map(encodeURIComponent).join("/")
    }`;
  }

  /** Why the hub gives something to nobody, or not to this person. */
  async #refusal(response: Response, reference: HubReference, name?: string): Promise<InputError> {
    await response.body?.cancel();
    const { repository, revision } = reference;
    const { endpoint, token, tokenFile } = this.#settings;
    const { status, headers } = response;
    const code = headers.get("x-error-code");
    const message = headers.get("x-error-message") ?? "";
    const refuse = (why: string) =>
      new InputError(`${name === undefined ? formatReference(reference) : `${repository}/${name}`}: ${why}`);
    if (code === "GatedRepo") {
      const page = `${endpoint}/${repository}`;
      return token === undefined
        ? refuse(
          `gated: accept its terms at ${page}, then set HF_TOKEN to a token of yours, or log in so that ${tokenFile} has one`,
        )
        : refuse(`gated: the token that is set has no access; accept the terms at ${page} with its account`);
    }
    if (/invalid (credentials|user|username)/i.test(message)) {
      return refuse("the hub does not accept the token (HF_TOKEN, or the file of a login)");
    }
    if (code === "RevisionNotFound") {
      return refuse(`no revision "${excerpt(revision)}"; name a branch, a tag or a commit that is there`);
    }
    if (code === "EntryNotFound") return refuse("no such file at this commit");
    if (code === "RepoNotFound" || status === 401 || status === 404) {
      const access = token === undefined
        ? "a private one needs HF_TOKEN"
        : "the token that is set has no access to a private one";
      return refuse(
        `no such ${isDataSet(repository) ? "data set" : "model"} at ${endpoint}; check the name (${access})`,
      );
    }
    return refuse(`${endpoint} answers ${status}${message === "" ? "" : `, "${excerpt(message)}"`}`);
  }
}

function isDigest(text: string | undefined): text is string {
  return text !== undefined && /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

/** @throws {InputError} for a name that could lead out of a folder: no repository has one, so that the server is not to be trusted */
function expectPlain(name: string, what: string): void {
  const isPlain = name.split("/").every((part) => part !== "" && part !== "." && part !== "..") &&
    !/[\\\p{Cc}]|^[A-Za-z]:/u.test(name);
  if (!isPlain) {
    throw new InputError(
      `${what}: the hub lists a file "${excerpt(name)}", a name that leads elsewhere; nothing was fetched`,
    );
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
