/** Names of the folders that results are kept in. */
import { digestOf } from "./digest.ts";

/** Between a profile's name and an adapter's in the name of a folder. */
export const BESIDE = "@";
/** Letters of an adapter's name that can be read in that of a folder; a digest of all of it follows. */
const READABLE = 24;
const DIGEST = 6;

/** Where results of a profile are kept. */
export interface ResultsPlace {
  readonly resultsFolder: string;
  readonly profileName: string;
}

/** The folder of an experiment's results. */
export function folderOf({ resultsFolder, profileName }: ResultsPlace, experiment: string): string {
  return `${resultsFolder}/${profileName}/${experiment}`;
}

/** The part of a folder's name that stands for an adapter: short, safe in any file system, and another one for another adapter. */
export function adapterFolder(adapter: string): string {
  const readable = adapter.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").slice(0, READABLE).replaceAll(/^-+|-+$/g, "");
  return [readable, digestOf(adapter).slice(0, DIGEST)].filter((part) => part !== "").join("-");
}

/** The folder beside a profile's for results of an adapter: `tiny@nvidia-h100-3fa2b1`. */
export function besideName(profile: string, adapter: string): string {
  return `${profile}${BESIDE}${adapterFolder(adapter)}`;
}

/** The profile that results of a folder are of: `tiny` of `tiny@nvidia-h100-3fa2b1`. */
export function profileOf(folder: string): string {
  return folder.split(BESIDE)[0];
}

/** Whether a folder's results lie beside recorded ones. */
export function isBeside(folder: string): boolean {
  return folder.includes(BESIDE);
}
