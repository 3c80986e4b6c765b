import { digestOfJson } from "./digest.ts";

/** Names of sources (files from the project's folder, `kernel NAME`, `package NAME`), each with the digest of what it says. */
export type Sources = Readonly<Record<string, string>>;

/** Where a cell was computed. */
export interface Environment {
  readonly adapter: string;
  readonly deno: string;
}

/** What is known of a recorded cell, beside its numbers; `environment`, `settings` and `sources` name entries of the provenance. */
export interface CellRecord {
  /** Of the code that computed it, and whether that had been changed since. */
  readonly commit: string;
  readonly dirty: boolean | "unknown";
  /** What was computed: cells of one run name are one run. */
  readonly run: string;
  /** What set its method apart from others of the same module. */
  readonly variant?: string;
  /** The digest of its rows in the recorded files. */
  readonly rows: string;
  /** The digest of everything that decides its numbers: run, settings, sources and environment. */
  readonly hash: string;
  readonly environment: string;
  readonly settings: string;
  readonly sources: string;
  /** Of the cell itself, in seconds; what cells share is among `shared`. */
  readonly wallSeconds: number;
  /** The largest resident memory of the process so far, as seen at the reports of progress: Deno tells no peak of its own. */
  readonly peakMemoryBytes: number;
  readonly peakGpuBytes: number;
  /** Where its numbers were taken from, if another experiment had computed them: a full address. */
  readonly takenFrom?: string;
  readonly accepted?: Accepted;
}

/**
 * The commit at which a changed code was found to give the same numbers, or numbers within the noise, and the cells that were computed
 * again for it. Within the noise, the cell's own numbers are those of an earlier version.
 */
export interface Accepted {
  readonly commit: string;
  readonly checked: readonly string[];
  /** How the rows that were computed again compare with the recorded ones; `largest` in standard deviations of a difference. */
  readonly noise?: { readonly rows: number; readonly equal: number; readonly largest: number };
}

/**
 * `provenance.json`: what varies between runs of the same numbers, kept apart from the CSV files; and by what each cell is found to be
 * fresh or stale. What many cells have in common stands once, under the start of its digest.
 */
export interface Provenance {
  readonly format: 2;
  readonly environments: Readonly<Record<string, Environment>>;
  /** The settings that a cell has read, nested. */
  readonly settings: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly sources: Readonly<Record<string, Sources>>;
  /** Data sets and their sizes. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Seconds that what cells share took, by its name. */
  readonly shared: Readonly<Record<string, number>>;
  /** By address. */
  readonly cells: Readonly<Record<string, CellRecord>>;
  /** Digests of the recorded files as they were written. */
  readonly files: Readonly<Record<string, string>>;
  /** Addresses of cells that an older version recorded, which kept less of what they depend on. */
  readonly older?: readonly string[];
  readonly report?: ReportRecord;
}

/** The tables and figures that were last made: the digest of what they were made from, and those of their files. */
export interface ReportRecord {
  readonly stamp: string;
  readonly files: Readonly<Record<string, string>>;
}

export const NO_PROVENANCE: Provenance = {
  format: 2,
  environments: {},
  settings: {},
  sources: {},
  data: {},
  shared: {},
  cells: {},
  files: {},
};

/** A cell's record with what its entries stand for. */
export interface FullRecord extends Omit<CellRecord, "environment" | "settings" | "sources"> {
  readonly environment: Environment;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly sources: Sources;
}

export function recordAt(provenance: Provenance, address: string): FullRecord | undefined {
  const cell = provenance.cells[address];
  if (!cell) return undefined;
  const [environment, settings, sources] = [
    provenance.environments[cell.environment],
    provenance.settings[cell.settings],
    provenance.sources[cell.sources],
  ];
  if (!environment || !settings || !sources) return undefined;
  return { ...cell, environment, settings, sources };
}

/** Puts a cell's record in place of the one that was there. */
export function withRecord(provenance: Provenance, address: string, record: FullRecord): Provenance {
  const ids = {
    environment: digestOfJson(record.environment).slice(0, 8),
    settings: digestOfJson(record.settings).slice(0, 8),
    sources: digestOfJson(record.sources).slice(0, 8),
  };
  return withoutUnused({
    ...provenance,
    environments: { ...provenance.environments, [ids.environment]: record.environment },
    settings: { ...provenance.settings, [ids.settings]: record.settings },
    sources: { ...provenance.sources, [ids.sources]: record.sources },
    cells: { ...provenance.cells, [address]: { ...record, ...ids } },
    older: provenance.older?.filter((each) => each !== address),
  });
}

/** Drops a cell's record. */
export function withoutRecord(provenance: Provenance, address: string): Provenance {
  const { [address]: _, ...cells } = provenance.cells;
  return withoutUnused({ ...provenance, cells });
}

/** Leaves out entries that no cell names. */
function withoutUnused(provenance: Provenance): Provenance {
  const records = Object.values(provenance.cells);
  const keep = <Entry>(entries: Readonly<Record<string, Entry>>, idOf: (cell: CellRecord) => string) => {
    const used = new Set(records.map(idOf));
    return Object.fromEntries(Object.entries(entries).filter(([id]) => used.has(id)));
  };
  return {
    ...provenance,
    environments: keep(provenance.environments, ({ environment }) => environment),
    settings: keep(provenance.settings, ({ settings }) => settings),
    sources: keep(provenance.sources, ({ sources }) => sources),
  };
}

/**
 * Provenance as the text of its file: sorted, a cell and a section of settings a line, a source a line, so that git shows what changed.
 */
export function formatProvenance(provenance: Provenance): string {
  const { environments, settings, sources, cells, files } = provenance;
  const parts: [string, unknown, depth: number][] = [
    ["format", provenance.format, 0],
    ["environments", sorted(environments), 1],
    ["cells", sorted(cells), 1],
    ["shared", sorted(provenance.shared), 1],
    ["data", sorted(provenance.data), 2],
    ["files", files, 1],
    ...(provenance.older?.length ? [["older", provenance.older, 0] as [string, unknown, number]] : []),
    ...(provenance.report === undefined ? [] : [["report", provenance.report, 2] as [string, unknown, number]]),
    ["settings", sorted(settings), 2],
    ["sources", sorted(sources), 2],
  ];
  const lines = parts.map(([name, value, depth]) => `  ${JSON.stringify(name)}: ${indented(value, depth, "  ")}`);
  return `{\n${lines.join(",\n")}\n}\n`;
}

/** JSON with a line for every value as deep as `depth`, and what is deeper on that line. */
function indented(value: unknown, depth: number, indent: string): string {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (depth === 0 || !isObject || Object.keys(value).length === 0) return JSON.stringify(value) ?? "null";
  const inner = `${indent}  `;
  const lines = Object.entries(value).filter(([, each]) => each !== undefined)
    .map(([key, each]) => `${inner}${JSON.stringify(key)}: ${indented(each, depth - 1, inner)}`);
  return `{\n${lines.join(",\n")}\n${indent}}`;
}

function sorted<Value>(entries: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)));
}
