import type { Experiment } from "#lib/bench/experiment.ts";
import type { Profile } from "#lib/bench/profile.ts";
import { DataDigests } from "./data_digest.ts";
import { modulesOf, type Present } from "./freshness.ts";
import { SourceTree } from "./source_tree.ts";

/** The sources that this process has loaded: read once, when it starts, whatever becomes of the files while it runs. */
const LOADED = new SourceTree();

/** Reads all sources that experiments reach. */
export function readSources(experiments: readonly Experiment[]): void {
  for (const experiment of experiments) {
    for (const method of experiment.methods) LOADED.reachedFrom(...modulesOf({ experiment, method }));
  }
}

/**
 * What results are judged against now.
 *
 * @param dataFolder data in place of the embedded one
 * @param adapter undefined where it is not known: then it is taken to be the recorded one
 */
export function presentOf(
  profile: Profile,
  dataFolder: string | undefined,
  adapter: string | undefined,
): Present {
  return {
    profile,
    tree: LOADED,
    dataOf: new DataDigests(dataFolder),
    deno: Deno.version.deno,
    adapter,
  };
}
