import type { Profile } from "#lib/bench/profile.ts";
import { type Cell, runNameOf, settingsOf } from "./cell.ts";
import type { DataDigests } from "./data_digest.ts";
import { digestOfJson } from "#lib/results/digest.ts";
import type { Environment, FullRecord } from "#lib/results/provenance.ts";
import { GONE, type SourceTree } from "./source_tree.ts";
import type { Sources } from "#lib/results/provenance.ts";
import { flattenSettings, nestSettings, settingAt, type Uses } from "./uses.ts";

const KERNEL = "kernel ";
const DATA = "data";
/** What every computation reaches: the device that runs its kernels. */
const DEVICE_MODULE = new URL("../../kernels/runtime/gpu.ts", import.meta.url).href;

/** What results are judged against: the code, settings, data and machine of now. */
export interface Present {
  readonly profile: Profile;
  readonly tree: SourceTree;
  /** Digests of the data that cells use: of the folder of `--data`, or `embedded`. */
  readonly dataOf: DataDigests;
  readonly deno: string;
  /** Undefined where it is not known yet; then it is taken to be the recorded one. */
  readonly adapter?: string;
}

/** The same for the cells of one task of an experiment, and what they share: with the digest of their data. */
export interface CellPresent extends Present {
  readonly data: string;
}

export function presentFor(cell: Pick<Cell, "experiment" | "task">, present: Present): CellPresent {
  return { ...present, data: present.dataOf.of(cell) };
}

/** A difference between what a result was computed from and what there is now. */
export interface Change {
  readonly kind: "code" | "settings" | "data" | "environment" | "record";
  /** One phrase: `ammd.beta 0.5 → 1`, `kernel alphaBeta changed`. */
  readonly text: string;
}

/** What made a result, in the form in which it is kept. */
export type Basis = Pick<FullRecord, "run" | "variant" | "settings" | "sources" | "environment">;

/** The modules that a cell's code is reached from; without a cell's method those of what cells share. */
export function modulesOf({ experiment, method }: Pick<Cell, "experiment"> & Partial<Pick<Cell, "method">>): string[] {
  return [DEVICE_MODULE, ...experiment.modules, ...(method ? [method.module] : [])];
}

/** Who a computation is of: the name of its run, and what sets its method apart. */
export interface Computed {
  readonly run: string;
  readonly variant?: string;
}

/** What a computation has been made from, to be recorded with it. */
export function basisOf(
  { run, variant }: Computed,
  modules: readonly string[],
  uses: Uses,
  present: CellPresent,
): Basis {
  return {
    run,
    variant,
    settings: nestSettings(uses.settings),
    sources: sourcesOf(modules, [...uses.kernels], uses.data, present),
    environment: { adapter: present.adapter ?? "unknown", deno: present.deno },
  };
}

/** What a recorded basis says of the uses that it was made of. */
export function usesOf({ settings, sources }: Basis): Uses {
  return { settings: flattenSettings(settings), kernels: new Set(kernelsOf(sources)), data: DATA in sources };
}

/** Who a cell's computation is of. */
export function computedOf(cell: Cell, profile: Profile): Computed {
  return { run: runNameOf(cell, profile), variant: cell.method.variant };
}

/** A digest of all settings and data that a cell is given, read or not. */
export function settingsDigest(cell: Cell, { profile, dataOf }: Present): string {
  return digestOfJson([settingsOf(cell, profile), dataOf.of(cell)]);
}

/** One digest for all that decides a cell's numbers. */
export function hashOf({ run, variant, settings, sources, environment }: Basis): string {
  return digestOfJson([run, variant, settings, Object.entries(sources).sort(), environment]);
}

function kernelsOf(sources: Sources): string[] {
  return Object.keys(sources).filter((name) => name.startsWith(KERNEL)).map((name) => name.slice(KERNEL.length));
}

/** The same sources as they are now. */
function sourcesOf(
  modules: readonly string[],
  kernels: readonly string[],
  usesData: boolean,
  present: CellPresent,
): Sources {
  return {
    ...(usesData ? { [DATA]: present.data } : {}),
    ...Object.fromEntries(kernels.toSorted().map((name) => [KERNEL + name, present.tree.kernel(name)])),
    ...present.tree.reachedFrom(...modules),
  };
}

/** What has changed since a cell was computed; nothing where its numbers would come out the same. */
export function changesOfCell(record: FullRecord, cell: Cell, present: Present): Change[] {
  const changes = changesSince(record, modulesOf(cell), settingsOf(cell, present.profile), presentFor(cell, present));
  const isAnother = record.variant !== cell.method.variant;
  return isAnother ? [...changes, { kind: "code", text: "the method is defined otherwise" }] : changes;
}

/** The same for anything that was made from settings and modules. */
export function changesSince(
  basis: Basis,
  modules: readonly string[],
  settings: Profile,
  present: CellPresent,
): Change[] {
  const sources = sourcesOf(modules, kernelsOf(basis.sources), DATA in basis.sources, present);
  return [
    ...settingChanges(basis.settings, settings),
    ...sourceChanges(basis.sources, sources),
    ...environmentChanges(basis.environment, present),
  ];
}

function settingChanges(recorded: FullRecord["settings"], settings: Profile): Change[] {
  return [...flattenSettings(recorded)].flatMap(([path, value]) => {
    const now = settingAt(settings, path);
    if (JSON.stringify(now) === JSON.stringify(value)) return [];
    const text = `${path} ${JSON.stringify(value)} → ${JSON.stringify(now) ?? "gone"}`;
    return [{ kind: "settings" as const, text }];
  });
}

function sourceChanges(recorded: Sources, now: Sources): Change[] {
  const names = [...new Set([...Object.keys(recorded), ...Object.keys(now)])].sort();
  return names.filter((name) => recorded[name] !== now[name]).map((name) => {
    if (name === DATA) return { kind: "data", text: "other data" };
    const what = recorded[name] === undefined
      ? "is new"
      : now[name] === undefined || now[name] === GONE
      ? "is gone"
      : "changed";
    return { kind: "code", text: `${name} ${what}` };
  });
}

function environmentChanges(recorded: Environment, { adapter, deno }: Present): Change[] {
  const differs = (name: string, then: string, now: string | undefined): Change[] =>
    now === undefined || then === now ? [] : [{ kind: "environment", text: `${name} ${then} → ${now}` }];
  return [...differs("adapter", recorded.adapter, adapter), ...differs("Deno", recorded.deno, deno)];
}
