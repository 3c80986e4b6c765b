import { InputError } from "#lib/errors.ts";
import { readTextIfThere, type StoragePlace } from "#lib/results/storage.ts";
import { excerpt } from "#lib/visible_text.ts";
import { hostOf, type HubPlaces, hubPlaces } from "./places.ts";

/** What messages say of the cache's place. */
export const CACHE_PLACE: StoragePlace = {
  kept: "what was fetched is kept",
  instead: "take another folder with HF_HOME=DIR",
};

/** What the variables of the environment say. */
export interface HubSettings extends HubPlaces {
  /** Sent to the endpoint's host alone, and told to nobody else. */
  readonly token?: string;
  readonly offline: boolean;
}

type Environment = (name: string) => string | undefined;

/**
 * The settings of Python's huggingface_hub: `HF_HOME`, `HF_HUB_CACHE`, `HF_ENDPOINT`, `HF_TOKEN` or the file of a person who has logged
 * in, `HF_HUB_OFFLINE`.
 *
 * @param caller where relative paths start
 * @throws {InputError} for a value that cannot be used; it never holds the token
 */
export async function hubSettings(env: Environment, caller: string): Promise<HubSettings> {
  const places = placesOf(env, caller);
  if (hostOf(places.endpoint) === undefined) {
    throw new InputError(
      `HF_ENDPOINT: "${
        excerpt(places.endpoint)
      }" is no address; it is like https://huggingface.co, without user or password`,
    );
  }
  const token = tokenOf(env("HF_TOKEN"), "HF_TOKEN") ??
    tokenOf(await readTextIfThere(places.tokenFile, CACHE_PLACE), places.tokenFile);
  return { ...places, token, offline: /^(1|true|yes|on)$/i.test(env("HF_HUB_OFFLINE")?.trim() ?? "") };
}

/** Where the cache is. @throws {InputError} where nothing says it */
export function placesOf(env: Environment, caller: string): HubPlaces {
  const places = hubPlaces(env, caller);
  if (places) return places;
  throw new InputError("HF_HOME: name a folder for the cache of models; neither it nor HOME is set");
}

function tokenOf(text: string | undefined, source: string): string | undefined {
  const token = text?.trim();
  if (!token) return undefined;
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new InputError(`${source}: no token: it has spaces, or characters that no token has; it is like hf_…`);
  }
  return token;
}
