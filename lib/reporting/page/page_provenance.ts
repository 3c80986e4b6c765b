import { flatValues, objectOf } from "#lib/results/recorded_provenance.ts";
import { folded, htmlText, scrollBox } from "./page_text.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A recorded cell, as far as the file tells. */
interface CellFacts {
  readonly name: string;
  readonly fields: Fields;
}

/**
 * Where an experiment's numbers come from: commits, environment, times, settings, data and cells. It takes `provenance.json` of any
 * format: one environment and configuration for all cells, or those that each cell names; what is not there is left out.
 *
 * @param provenance parsed JSON
 */
export function provenanceHtml(provenance: unknown): string {
  const file = objectOf(provenance);
  const cells = Object.entries(objectOf(file.cells)).map(([name, cell]) => ({ name, fields: objectOf(cell) }));
  const facts: [string, string][] = [
    ["Commit", commitsOf(cells)],
    ["Adapter", environmentsOf(file, "adapter")],
    ["Deno", environmentsOf(file, "deno")],
    ["Time", timesOf(cells, objectOf(file.shared))],
    ["Memory", memoryOf(cells)],
  ];
  const parts = [
    ...(file.configuration === undefined ? [] : [linesHtml("Settings", linesOf(file.configuration))]),
    ...settingsHtml(cells, objectOf(file.settings)),
    ...(file.data === undefined ? [] : [linesHtml("Data", linesOf(file.data))]),
    ...(cells.length === 0 ? [] : [cellsHtml(cells)]),
  ];
  const list = facts.filter(([, text]) => text !== "").map(([term, text]) =>
    `<div><dt>${term}</dt><dd>${htmlText(text)}</dd></div>`
  );
  return [`<dl class="facts">\n${list.join("\n")}\n</dl>`, ...parts].join("\n");
}

/** Every commit that computed cells, with their number, and of how many the code had been changed since. */
function commitsOf(cells: readonly CellFacts[]): string {
  const commits = Map.groupBy(cells, ({ fields }) => textOf(fields.commit));
  return [...commits].filter(([commit]) => commit !== "").map(([commit, of]) => {
    const dirty = of.filter(({ fields }) => fields.dirty === true).length;
    const changed = dirty === 0 ? "" : `, ${dirty} of them with changes that were not committed`;
    return `${commit.slice(0, 12)} (${of.length} ${of.length === 1 ? "cell" : "cells"}${changed})`;
  }).join("; ");
}

function environmentsOf(file: Fields, name: string): string {
  const environments = Object.values(objectOf(file.environments)).map((one) => textOf(objectOf(one)[name]));
  return [...new Set([textOf(file[name]), ...environments])].filter((text) => text !== "").join("; ");
}

/** @param shared what cells share, by its name, with the seconds that it took */
function timesOf(cells: readonly CellFacts[], shared: Fields): string {
  const own = numbersOf(cells, "wallSeconds");
  const common = Object.values(shared).map((thing) => objectOf(thing).seconds ?? thing)
    .filter((each) => typeof each === "number");
  if (own.length === 0) return "";
  const sum = (seconds: readonly number[]) => duration(seconds.reduce((sum, one) => sum + one, 0));
  const beside = common.length === 0 ? "" : `, and ${sum(common)} for what they share`;
  return `${sum(own)} in ${own.length} cells, one after the other${beside}`;
}

function memoryOf(cells: readonly CellFacts[]): string {
  const peaks = [["process", "peakMemoryBytes"], ["GPU buffers", "peakGpuBytes"]].flatMap(([of, name]) => {
    const bytes = numbersOf(cells, name);
    return bytes.length === 0 ? [] : [`${Math.round(Math.max(...bytes) / 1e6)} MB (${of})`];
  });
  return peaks.length === 0 ? "" : `at most ${peaks.join(", ")}`;
}

/** The settings that cells name: those that all of them have in common, and what each has beside these. */
function settingsHtml(cells: readonly CellFacts[], settings: Fields): string[] {
  const used = Object.entries(settings).map(([id, values]) => ({
    names: cells.filter(({ fields }) => fields.settings === id).map(({ name }) => name),
    lines: linesOf(values),
  }));
  if (used.length === 0) return [];
  const common = used.reduce(
    (left, { lines }) => left.filter((line) => lines.includes(line)),
    used[0].lines,
  );
  const own = used.map(({ names, lines }) => ({ names, lines: lines.filter((line) => !common.includes(line)) }));
  const differing = own.filter(({ lines }) => lines.length > 0).flatMap(({ names, lines }, i) => [
    ...(i === 0 ? [] : [""]),
    names.join(", "),
    ...lines.map((line) => `  ${line}`),
  ]);
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

function cellsHtml(cells: readonly CellFacts[]): string {
  const rows = cells.map(({ name, fields }) => {
    const { wallSeconds, commit } = fields;
    const time = typeof wallSeconds === "number" ? `${wallSeconds.toFixed(1)} s` : "";
    return `<tr><th scope="row">${htmlText(name)}</th><td>${time}</td><td>${
      htmlText(textOf(commit).slice(0, 12) + (fields.dirty === true ? " + changes" : ""))
    }</td></tr>`;
  });
  const table = `<table>
<caption>Cells</caption>
<thead><tr><th scope="col">Cell</th><th scope="col">Time</th><th scope="col">Commit</th></tr></thead>
<tbody>
${rows.join("\n")}
</tbody>
</table>`;
  return folded(`Cells (${cells.length})`, scrollBox("Cells", table));
}

function numbersOf(cells: readonly CellFacts[], name: string): number[] {
  return cells.flatMap(({ fields: { [name]: value } }) => typeof value === "number" ? [value] : []);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** `45 s`, `12 min`, `3 h 5 min`. */
function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
