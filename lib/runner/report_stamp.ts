import type { Experiment } from "#lib/bench/experiment.ts";
import { digestOf, digestOfJson } from "#lib/results/digest.ts";
import type { Present } from "./freshness.ts";
import type { KnownResults } from "./known_results.ts";
import type { SourceTree } from "./source_tree.ts";
import { readTextIfThere } from "#lib/results/storage.ts";

/** Of what a report's module reaches, the parts that make tables and figures; the others make the numbers, which have digests of their own. */
const REPORTING = /^(experiments|lib\/reporting|lib\/metrics|lib\/runner\/report)|^package vega/;
const REPORT_MODULE = new URL("./report.ts", import.meta.url).href;

/** The digest of all that an experiment's tables and figures are made from. @param files digests of the recorded files */
export function reportStamp(
  { module, methods }: Experiment,
  files: Readonly<Record<string, string>>,
  staleAddresses: readonly string[],
  tree: SourceTree,
): string {
  const sources = Object.entries(tree.reachedFrom(module, REPORT_MODULE)).filter(([name]) => REPORTING.test(name));
  return digestOfJson([Object.entries(files).sort(), staleAddresses, sources, methods.map(({ name }) => name)]);
}

/** Whether an experiment's tables and figures are there, and those of what is recorded. */
export async function isReportFresh(
  experiment: Experiment,
  path: string,
  { provenance: { files, report }, areWhole }: KnownResults,
  staleAddresses: readonly string[],
  { tree }: Present,
): Promise<boolean> {
  if (!areWhole || report?.stamp !== reportStamp(experiment, files, staleAddresses, tree)) return false;
  const same = await Promise.all(
    Object.entries(report.files).map(async ([name, digest]) => {
      const text = await readTextIfThere(`${path}/${name}`);
      return text !== undefined && digestOf(text) === digest;
    }),
  );
  return same.every((isSame) => isSame);
}
