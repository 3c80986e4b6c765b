import { digestOfJson } from "./digest.ts";

/** Where a cell was computed. */
export interface Environment {
  readonly adapter: string;
  readonly deno: string;
}

/** What made a cell's numbers. */
export interface Basis {
  /** What was computed: cells of one run name are one run. */
  readonly run: string;
  /** The settings that the cell may have read, nested. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Declared versions by what they belong to, as in `method ammd`; undefined in what format 2 recorded. */
  readonly numerics?: Readonly<Record<string, number>>;
  /** The kernels that ran, by name, each with the digest of its WGSL. */
  readonly kernels: Readonly<Record<string, string>>;
  /** The digest of the data, where some was read. */
  readonly data?: string;
  readonly environment: Environment;
}

/** Where entries stand that many cells have in common: under the start of their digest, which a cell's record names. */
const TABLES = {
  environment: "environments",
  settings: "settings",
  numerics: "numerics",
  kernels: "kernels",
} as const;
type Field = keyof typeof TABLES;
const FIELDS = Object.keys(TABLES) as Field[];

/** What is known of a recorded cell, beside its numbers. */
export interface FullRecord extends Basis {
  /** Of the code that computed it, and whether that had been changed since. */
  readonly commit: string;
  readonly dirty: boolean | "unknown";
  /** The digest of its rows in the recorded files. */
  readonly rows: string;
  /** The digest of everything that decides its numbers. */
  readonly hash: string;
  /** Of the cell itself, in seconds; what cells share is among `shared`. */
  readonly wallSeconds: number;
  /** The largest resident memory of the process so far, as seen at the reports of progress: Deno reports no peak of its own. */
  readonly peakMemoryBytes: number;
  readonly peakGpuBytes: number;
  /** Where its numbers were taken from, if another experiment had computed them: a full address. */
  readonly takenFrom?: string;
  readonly accepted?: Accepted;
}

/** The same as the file has it: some fields name entries of the provenance. */
export type CellRecord =
  & Omit<FullRecord, Field>
  & { readonly [Name in Exclude<Field, "numerics">]: string }
  & { readonly numerics?: string };

/** A thing that cells share, such as a teacher. */
export interface SharedThing {
  /** Whose it is: a task's or a corpus's name, as in `samsum/base` and `samsum`. */
  readonly owner: string;
  readonly what: string;
  /** Of what each seed has its own. */
  readonly seed?: number;
}

/** How it is called in messages, files and records: `samsum/base: sft, seed 10`. */
export function nameOfShared({ owner, what, seed }: SharedThing): string {
  return `${owner}: ${what}${seed === undefined ? "" : `, seed ${seed}`}`;
}

/** A thing that cells of an experiment share, and the seconds that it took to make. */
export interface SharedRecord extends SharedThing {
  readonly seconds: number;
  /** How often it was begun from nothing, over all processes and machines: once, unless work was lost. */
  readonly begun?: number;
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
  readonly format: 3;
  readonly environments: Readonly<Record<string, Environment>>;
  readonly settings: Readonly<Record<string, Basis["settings"]>>;
  readonly numerics: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly kernels: Readonly<Record<string, Basis["kernels"]>>;
  /** Data sets and their sizes. */
  readonly data: Readonly<Record<string, unknown>>;
  /** What the cells share, by its name. */
  readonly shared: Readonly<Record<string, SharedRecord>>;
  /** By address. */
  readonly cells: Readonly<Record<string, CellRecord>>;
  /** Digests of the recorded files as they were written. */
  readonly files: Readonly<Record<string, string>>;
  /** Addresses of cells that a version before format 2 recorded, which kept less of what they depend on. */
  readonly older?: readonly string[];
  readonly report?: ReportRecord;
}

/** The tables and figures that were last made: the digest of what they were made from, and those of their files. */
export interface ReportRecord {
  readonly stamp: string;
  readonly files: Readonly<Record<string, string>>;
}

export const NO_PROVENANCE: Provenance = {
  format: 3,
  environments: {},
  settings: {},
  numerics: {},
  kernels: {},
  data: {},
  shared: {},
  cells: {},
  files: {},
};

/** A cell's record with what its entries stand for. */
export function recordAt(provenance: Provenance, address: string): FullRecord | undefined {
  const cell = provenance.cells[address];
  if (!cell) return undefined;
  const entries = FIELDS.filter((field) => cell[field] !== undefined)
    .map((field) => [field, provenance[TABLES[field]][cell[field]!]] as const);
  const isWhole = ["environment", "settings", "kernels"].every((name) => entries.some(([field]) => field === name));
  if (!isWhole || entries.some(([, entry]) => entry === undefined)) return undefined;
  return { ...cell, ...Object.fromEntries(entries) } as unknown as FullRecord;
}

/** Puts a cell's record in place of the one that was there. */
export function withRecord(provenance: Provenance, address: string, record: FullRecord): Provenance {
  const ids = FIELDS.filter((field) => record[field] !== undefined)
    .map((field) => [field, digestOfJson(record[field]).slice(0, 8)] as const);
  const tables = ids.map(([field, id]) => [TABLES[field], { ...provenance[TABLES[field]], [id]: record[field] }]);
  const cell = { ...record, ...Object.fromEntries(ids) } as unknown as CellRecord;
  return withoutUnused({
    ...provenance,
    ...Object.fromEntries(tables),
    cells: { ...provenance.cells, [address]: cell },
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
  const tables = FIELDS.map((field) => {
    const used = new Set(records.map((cell) => cell[field]));
    const entries = Object.entries(provenance[TABLES[field]]).filter(([id]) => used.has(id));
    return [TABLES[field], Object.fromEntries(entries)];
  });
  return { ...provenance, ...Object.fromEntries(tables) };
}

/**
 * Provenance as the text of its file: sorted, a line for each cell, section of settings, version and kernel, so that git shows what changed.
 */
export function formatProvenance(provenance: Provenance): string {
  const { environments, cells, shared, data, settings, numerics, kernels, older, report } = provenance;
  const parts: [string, unknown, depth: number][] = [
    ["format", provenance.format, 0],
    ["environments", sorted(environments), 1],
    ["cells", sorted(cells), 1],
    ["shared", sorted(shared), 1],
    ["data", sorted(data), 2],
    ["files", provenance.files, 1],
    ["older", older?.length ? older : undefined, 0],
    ["report", report, 2],
    ["settings", sorted(settings), 2],
    ["numerics", sorted(numerics), 2],
    ["kernels", sorted(kernels), 2],
  ];
  return `{\n${membersOf(parts, "  ")}\n}\n`;
}

/** A line for each member that has a value. */
function membersOf(members: readonly [name: string, value: unknown, depth: number][], indent: string): string {
  return members.filter(([, value]) => value !== undefined)
    .map(([name, value, depth]) => `${indent}${JSON.stringify(name)}: ${indented(value, depth, indent)}`).join(",\n");
}

/** JSON with a line for every value as deep as `depth`, and what is deeper on that line. */
function indented(value: unknown, depth: number, indent: string): string {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (depth === 0 || !isObject || Object.keys(value).length === 0) return JSON.stringify(value) ?? "null";
  const members = Object.entries(value).map(([key, each]): [string, unknown, number] => [key, each, depth - 1]);
  return `{\n${membersOf(members, `${indent}  `)}\n${indent}}`;
}

function sorted<Value>(entries: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)));
}
