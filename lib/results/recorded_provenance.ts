import { NO_PROVENANCE, type Provenance } from "./provenance.ts";

/** Values of nested settings by path, as in `ammd.beta`; a list is one value. */
export type FlatValues = ReadonlyMap<string, unknown>;

/** What `provenance.json` says of one cell. What is the same for cells is the same object. */
export interface RecordedCell {
  /** Method, and task where there is one: `gkd/samsum/base`. */
  readonly name: string;
  readonly settings: FlatValues;
  /** Adapter and Deno. */
  readonly environment: FlatValues;
  /** Of the code, by name: digests of kernels, versions of numerics, in format 2 digests of modules; empty where none was recorded. */
  readonly sources: FlatValues;
  /** As in `1e09da1 with changes`. */
  readonly commit: string | undefined;
}

/** What was recorded beside the numbers of an experiment. What is not there, or of another kind, is left out. */
export interface RecordedProvenance {
  /** By name and seed, as in `gkd/samsum/base/10`. */
  readonly cells: ReadonlyMap<string, RecordedCell>;
  readonly data: FlatValues;
  /** Which settings a cell has: all of the run, those that it may read (format 3), or those that it read (format 2). */
  readonly settingsAre: keyof typeof BREADTH;
}

/** How many settings a form has: a setting that one of two leaves out, the narrower, says nothing. */
export const BREADTH = { all: 2, readable: 1, read: 0 } as const;

/**
 * Provenance for the runner as a file has it, of this format or the one before. That one had the digests of modules in place of declared
 * versions; its records have no `numerics`, so that each is stale until a sample vouches for it (`reproduce --accept`) or it is run again.
 *
 * @param found the value of the file's JSON
 * @returns undefined where it is of neither
 */
export function provenanceOfFile(found: unknown): Provenance | undefined {
  const root = objectOf(found);
  if (root.format === 3) return { ...NO_PROVENANCE, ...root } as Provenance;
  if (root.format !== 2) return undefined;
  const { sources: _, ...others } = root;
  // Digests by name: `kernel NAME`, `data`, or a module's path.
  const sources = tableOf(root, "sources");
  const kernels = sources.map(([id, digests]) => {
    const ofKernels = Object.entries(digests).filter(([name]) => name.startsWith(KERNEL));
    return [id, Object.fromEntries(ofKernels.map(([name, digest]) => [name.slice(KERNEL.length), digest]))];
  });
  const data = new Map(sources.map(([id, digests]) => [id, digests.data]));
  const cells = tableOf(root, "cells").map(([address, { sources: id, variant: _, ...cell }]) => [
    address,
    { ...cell, kernels: id, data: data.get(String(id)) },
  ]);
  const tables = { cells: Object.fromEntries(cells), kernels: Object.fromEntries(kernels) };
  return { ...NO_PROVENANCE, ...others, ...tables, format: 3, shared: {} };
}

const KERNEL = "kernel ";
const NOTHING: FlatValues = new Map();

/**
 * Reads `provenance.json` of any form for a comparison: one configuration, adapter and Deno for all cells, or those of each cell
 * (`format` 2 and 3).
 *
 * @returns undefined if the text is not JSON of an object
 */
export function readProvenance(text: string): RecordedProvenance | undefined {
  const root = parseObject(text);
  if (root === undefined) return undefined;
  const settingsAre = root.format === 3 ? "readable" : root.format === 2 ? "read" : "all";
  const configuration = flatValues(root.configuration);
  const environment = flatValues({ adapter: root.adapter, deno: root.deno });
  const tables = new Map(
    ["settings", "environments", "sources", "numerics", "kernels"].map((name) => [
      name,
      new Map(tableOf(root, name).map(([id, value]) => [id, flatValues(value)])),
    ]),
  );
  const cells = tableOf(root, "cells").map(([key, cell]) => {
    const id = settingsAre === "all" ? key.split(/, (?:seed )?/).join("/") : key;
    const of = (table: string, entry: unknown) => tables.get(table)!.get(String(entry)) ?? NOTHING;
    const own = settingsAre === "all" ? { settings: configuration, environment, sources: NOTHING } : {
      settings: of("settings", cell.settings),
      environment: of("environments", cell.environment),
      sources: codeOf(of("sources", cell.sources), of("numerics", cell.numerics), of("kernels", cell.kernels)),
    };
    // The last part is the seed.
    return [id, { name: id.replace(/\/\d+$/, ""), ...own, commit: commitOf(cell) }] as const;
  });
  return { cells: new Map(cells), data: flatValues(root.data), settingsAre };
}

/** What stands for a cell's code, each kind named as its own. */
function codeOf(sources: FlatValues, numerics: FlatValues, kernels: FlatValues): FlatValues {
  if (numerics.size + kernels.size === 0) return sources;
  return new Map([
    ...sources,
    ...[...numerics].map(([name, version]) => [`numerics of ${name}`, version] as const),
    ...[...kernels].map(([name, digest]) => [`kernel ${name}`, digest] as const),
  ]);
}

/** The value of a JSON object's text, if it is one. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function objectOf(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What a file has under a name, entry by entry. */
function tableOf(root: Record<string, unknown>, name: string): [string, Record<string, unknown>][] {
  return Object.entries(objectOf(root[name])).map(([id, value]) => [id, objectOf(value)]);
}

function commitOf({ commit, dirty }: Record<string, unknown>): string | undefined {
  return typeof commit === "string" ? `${commit}${dirty === true ? " with changes" : ""}` : undefined;
}

/** Values that are nested in another, by path; an empty object is a value. */
export function flatValues(value: unknown): FlatValues {
  const values = new Map<string, unknown>();
  // By a list of what is left to do, as files may nest deeper than calls can.
  const left: [path: string, value: unknown][] = isObject(value) ? Object.entries(value).reverse() : [];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const [path, value] = next;
    if (value === undefined) continue;
    if (isObject(value) && Object.keys(value).length > 0) {
      left.push(
        ...Object.entries(value).reverse().map(([key, inner]) => [`${path}.${key}`, inner] as [string, unknown]),
      );
    } else values.set(path, value);
  }
  return values;
}
