import { InputError } from "#lib/errors.ts";
import { excerpt } from "#lib/visible_text.ts";
import { isDataSet, splitDataReference, splitReference } from "./places.ts";

/** A model or a data set on the hub at one of its revisions. */
export interface HubReference {
  /** `ORG/NAME`, or `NAME` alone for the oldest models; of a data set `datasets/ORG/NAME`. */
  readonly repository: string;
  /** A branch, a tag, `refs/pr/N`, or a commit of 40 digits. */
  readonly revision: string;
}

const DEFAULT_REVISION = "main";

/** Reads `ORG/NAME[@REVISION]`, of a data set `datasets/ORG/NAME[@REVISION]`. @throws {InputError} where it is no such thing */
export function parseReference(text: string): HubReference {
  const shown = excerpt(text);
  const [, path] = /^(?:https?:\/\/[^/]+|hf:\/)\/((?:datasets\/)?[^/@?#]+\/[^/@?#]+)/.exec(text) ?? [];
  if (path !== undefined) {
    throw new InputError(`${shown}: an address; write ${excerpt(path)}, or ${excerpt(path)}@REVISION`);
  }
  const split = isDataSet(text) ? splitDataReference : splitReference;
  const [repository, revision = DEFAULT_REVISION] = split(text) ?? [];
  if (repository === undefined) {
    throw new InputError(
      `${shown}: no model or data set of the hub; write ORG/NAME or ORG/NAME@REVISION, as in openai-community/gpt2, or datasets/ORG/NAME`,
    );
  }
  if (!isRevision(revision)) {
    throw new InputError(
      `${shown}: "${excerpt(revision)}" is no revision; name a branch, a tag or a commit after the @`,
    );
  }
  return { repository, revision };
}

/** Whether a revision is pinned: what it names never changes. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

/** A reference as a person writes it. */
export function formatReference({ repository, revision }: HubReference): string {
  return revision === DEFAULT_REVISION ? repository : `${repository}@${revision}`;
}

/** As git names them, and safe as a path below `refs/`. */
function isRevision(revision: string): boolean {
  return revision.length <= 200 && /^[\w.+-]+(\/[\w.+-]+)*$/.test(revision) &&
    !/(^|\/)[.-]|\.\.|\.(lock)?$/.test(revision);
}
