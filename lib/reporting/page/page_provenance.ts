import type { CellRecord, Provenance, SharedRecord } from "#lib/results/provenance.ts";
import { flatValues } from "#lib/results/recorded_provenance.ts";
import { folded, htmlText, scrollBox } from "./page_text.ts";

/** What the page shows of `provenance.json`; format 2 has the seconds alone of what cells share. */
export interface ShownProvenance extends Pick<Provenance, "environments" | "settings" | "data"> {
  readonly shared: Readonly<Record<string, number | Pick<SharedRecord, "seconds">>>;
  readonly cells: Readonly<Record<string, ShownCell>>;
}

type ShownCell = Pick<
  CellRecord,
  "commit" | "dirty" | "settings" | "wallSeconds" | "peakMemoryBytes" | "peakGpuBytes"
>;

/** Where an experiment's numbers come from: commits, environment, times, settings, data and cells. */
export function provenanceHtml({ environments, settings, data, shared, cells }: ShownProvenance): string {
  const records = Object.values(cells);
  const machines = Object.values(environments);
  const facts = {
    Commit: commitsOf(records),
    Adapter: [...new Set(machines.map(({ adapter }) => adapter))].join("; "),
    Deno: [...new Set(machines.map(({ deno }) => deno))].join("; "),
    Time: timesOf(records, Object.values(shared).map((thing) => typeof thing === "number" ? thing : thing.seconds)),
    Memory: `at most ${megabytes(records.map(({ peakMemoryBytes }) => peakMemoryBytes))} (process), ` +
      `${megabytes(records.map(({ peakGpuBytes }) => peakGpuBytes))} (GPU buffers)`,
  };
  return [
    '<dl class="facts">',
    ...Object.entries(facts).map(([term, text]) => `<div><dt>${term}</dt><dd>${htmlText(text)}</dd></div>`),
    "</dl>",
    ...settingsHtml(cells, settings),
    linesHtml("Data", linesOf(data)),
    cellsHtml(cells),
  ].join("\n");
}

/** Every commit that computed cells, with their number, and of how many the code had been changed since. */
function commitsOf(cells: readonly ShownCell[]): string {
  return [...Map.groupBy(cells, ({ commit }) => commit)].map(([commit, of]) => {
    const dirty = of.filter(({ dirty }) => dirty === true).length;
    const changed = dirty === 0 ? "" : `, ${dirty} of them with changes that were not committed`;
    return `${commit.slice(0, 12)} (${of.length} ${of.length === 1 ? "cell" : "cells"}${changed})`;
  }).join("; ");
}

/** @param shared seconds for what cells share */
function timesOf(cells: readonly ShownCell[], shared: readonly number[]): string {
  const sum = (seconds: readonly number[]) => duration(seconds.reduce((sum, one) => sum + one, 0));
  const beside = shared.length === 0 ? "" : `, and ${sum(shared)} for what they share`;
  return `${sum(cells.map(({ wallSeconds }) => wallSeconds))} in ${cells.length} cells, one after the other${beside}`;
}

function megabytes(peaks: readonly number[]): string {
  return `${Math.round(Math.max(0, ...peaks) / 1e6)} MB`;
}

/** The settings that all cells have in common, and what each has beside these. */
function settingsHtml(cells: ShownProvenance["cells"], settings: ShownProvenance["settings"]): string[] {
  const used = Object.entries(settings).map(([id, values]) => ({
    names: Object.keys(cells).filter((name) => cells[name].settings === id).join(", "),
    lines: linesOf(values),
  }));
  if (used.length === 0) return [];
  const common = used[0].lines.filter((line) => used.every(({ lines }) => lines.includes(line)));
  const differing = used.flatMap(({ names, lines }) => {
    const own = lines.filter((line) => !common.includes(line));
    return own.length === 0 ? [] : [[names, ...own.map((line) => `  ${line}`)]];
  }).flatMap((block, i) => i === 0 ? block : ["", ...block]);
  return [
    linesHtml(used.length > 1 ? "Settings of all cells" : "Settings", common),
    ...(differing.length > 0 ? [linesHtml("Settings that differ", differing)] : []),
  ];
}

function linesHtml(title: string, lines: readonly string[]): string {
  return folded(title, scrollBox(title, `<pre>${lines.map((line) => htmlText(line)).join("\n")}</pre>`));
}

/** Nested values line by line, as `--set` takes settings. */
function linesOf(values: unknown): string[] {
  return [...flatValues(values)].map(([path, value]) => `${path} = ${JSON.stringify(value)}`);
}

function cellsHtml(cells: ShownProvenance["cells"]): string {
  const rows = Object.entries(cells).map(([name, { wallSeconds, commit, dirty }]) => {
    const code = htmlText(commit.slice(0, 12) + (dirty === true ? " + changes" : ""));
    return `<tr><th scope="row">${htmlText(name)}</th><td>${wallSeconds.toFixed(1)} s</td><td>${code}</td></tr>`;
  });
  const table = `<table>
<caption>Cells</caption>
<thead><tr><th scope="col">Cell</th><th scope="col">Time</th><th scope="col">Commit</th></tr></thead>
<tbody>
${rows.join("\n")}
</tbody>
</table>`;
  return folded(`Cells (${rows.length})`, scrollBox("Cells", table));
}

/** `45 s`, `12 min`, `3 h 5 min`. */
function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
