import type { Experiment, Report } from "#lib/bench/experiment.ts";
import { displayOf } from "#lib/bench/display.ts";
import { reportFiles } from "./report_files.ts";
import type { Provenance } from "#lib/results/provenance.ts";
import type { ResultsFolder } from "#lib/results/results_folder.ts";
import { digestOf, digestOfJson } from "#lib/results/digest.ts";
import { mean } from "#lib/statistics/statistics.ts";
import { readTextIfThere } from "#lib/results/storage.ts";
import { readTextStrictly } from "#lib/text_file.ts";
import { codeDigest, REPORTS } from "./code_digest.ts";
import type { KnownResults } from "./known_results.ts";
import { recordedSettings } from "./recorded_settings.ts";

/** Stale cells that a note names; the others are counted. */
const NAMED = 8;

/**
 * The tables and figures of what has been recorded; computes nothing anew. Recorded cells that are stale stand in the tables, and each
 * table says which they are.
 */
export function reportOf(
  experiment: Experiment,
  folder: Pick<ResultsFolder, "scores" | "items" | "curves" | "judged" | "cellAddresses" | "provenance">,
  profile: string,
  staleAddresses: readonly string[] = [],
): Report {
  const { scores, items, curves } = withJudged(experiment.name, folder);
  const settings = recordedSettings(folder.provenance);
  const report = experiment.report({ profile, display: displayOf([experiment]), scores, items, curves, settings });
  const notes = [
    ...notesOfData(folder.provenance),
    ...noteOfStale(experiment, folder, staleAddresses),
    ...noteOfAdapters(folder.provenance),
  ];
  if (notes.length === 0) return report;
  const tables = Object.entries(report.tables).map(([name, table]) => [
    name,
    { ...table, legend: [...table.legend, ...notes] },
  ]);
  return { ...report, tables: Object.fromEntries(tables) };
}

/** The scores with a judge's among them, which are kept apart from what a cell computes. */
function withJudged(experiment: string, folder: Pick<ResultsFolder, "scores" | "items" | "curves" | "judged">) {
  const { scores, items, curves, judged } = folder;
  const rows = judged.map(({ items, judge: _, ...row }) => ({ ...row, experiment, metric: "judge", values: items }));
  return {
    scores: [...scores, ...rows.map(({ values, ...row }) => ({ ...row, value: mean(values), count: values.length }))],
    items: [...items, ...rows],
    curves,
  };
}

/** What of its data a run did not see, as whoever read the data put it; by the name of the data, in whatever order cells were computed. */
function notesOfData({ data }: Pick<ResultsFolder["provenance"], "data">): string[] {
  return Object.keys(data).sort().flatMap((name) => {
    const description = data[name];
    const notes = (description as { readonly notes?: unknown } | null)?.notes;
    return Array.isArray(notes) ? notes.map((note) => `Data: ${note}`) : [];
  });
}

function noteOfStale(
  experiment: Experiment,
  folder: Pick<ResultsFolder, "cellAddresses">,
  staleAddresses: readonly string[],
): string[] {
  if (staleAddresses.length === 0) return [];
  const isAll = staleAddresses.length >= folder.cellAddresses(experiment.tasks).length;
  return [
    isAll
      ? "Recorded with other code, settings or data, or on another device, than are here now; ./run reproduce runs it again."
      : `Not comparable with the others, since their code, settings, data or device have changed: ${
        namesOf(staleAddresses)
      }. ./run reproduce runs them again.`,
  ];
}

/** Cells that were computed on another adapter than most: their digits would differ on that one. */
function noteOfAdapters({ cells, environments }: Provenance): string[] {
  const adapterOf = (address: string) => environments[cells[address].environment]?.adapter ?? "an unknown adapter";
  const groups = [...Map.groupBy(Object.keys(cells).sort(), adapterOf)];
  if (groups.length < 2) return [];
  const [[most], ...others] = groups.toSorted(([a, own], [b, other]) => other.length - own.length || (a < b ? -1 : 1));
  const named = others.map(([adapter, addresses]) => `${namesOf(addresses)} on ${adapter}`);
  return [`Computed on several adapters, whose digits differ: most on ${most}; ${named.join("; ")}.`];
}

function namesOf(addresses: readonly string[]): string {
  const more = addresses.length > NAMED ? ` and ${addresses.length - NAMED} more` : "";
  return `${addresses.slice(0, NAMED).join(", ")}${more}`;
}

/** Writes tables and figures of what has been recorded, and what they were made from. */
export async function writeReport(
  experiment: Experiment,
  folder: ResultsFolder,
  profile: string,
  staleAddresses: readonly string[],
): Promise<void> {
  const report = reportOf(experiment, folder, profile, staleAddresses);
  const stamp = reportStamp(experiment, folder.provenance, staleAddresses);
  await folder.writeReport(await reportFiles(report, folder.samples), stamp);
}

/** The digest of all that an experiment's tables and figures are made from. */
function reportStamp({ methods }: Experiment, provenance: Provenance, stale: readonly string[]): string {
  const files = Object.entries(provenance.files).sort();
  const settings = Object.entries(provenance.cells).map(([address, { settings }]) => [address, settings]).sort();
  const names = methods.map(({ name }) => name);
  // In stamps of one adapter nothing stands for it.
  return digestOfJson([files, settings, stale, codeDigest(REPORTS), names, ...noteOfAdapters(provenance)]);
}

/** Whether an experiment's tables and figures are there, and those of what is recorded. */
export async function isReportFresh(
  experiment: Experiment,
  path: string,
  { provenance, areWhole }: KnownResults,
  staleAddresses: readonly string[],
): Promise<boolean> {
  const { report } = provenance;
  if (!areWhole || report?.stamp !== reportStamp(experiment, provenance, staleAddresses)) return false;
  const same = await Promise.all(
    Object.entries(report.files).map(async ([name, digest]) => {
      const text = await readTextIfThere(`${path}/${name}`);
      return text !== undefined && digestOf(text) === digest;
    }),
  );
  return same.every((isSame) => isSame);
}

/** The tables of the last report, as Markdown: the main one first. */
export async function readTables(path: string): Promise<string[]> {
  const names = [...Deno.readDirSync(path)].map(({ name }) => name)
    .filter((name) => name.endsWith(".md") && name !== "samples.md")
    .sort((a, b) => Number(b === "table.md") - Number(a === "table.md") || (a < b ? -1 : 1));
  return await Promise.all(names.map((name) => readTextStrictly(`${path}/${name}`)));
}
