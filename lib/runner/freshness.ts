import { textsOfKernel } from "#kernels/runtime/kernel.ts";
import type { Making } from "#lib/bench/experiment.ts";
import type { Profile } from "#lib/bench/profile.ts";
import { digestOf, digestOfJson } from "#lib/results/digest.ts";
import type { Basis, Environment } from "#lib/results/provenance.ts";
import { type Cell, makingOf, settingsOf } from "./cell.ts";
import { codeDigest, NUMBERS } from "./code_digest.ts";
import { DataDigests, EMBEDDED } from "./data_digest.ts";
import type { Uses } from "./uses.ts";

/** What results are judged against: the settings, data and machine of now; kernels and versions are those of the modules loaded. */
export interface Present {
  readonly profile: Profile;
  /** Digests of what cells read of the folder of `--data`. */
  readonly dataOf: DataDigests;
  /** That of the cell that is judged or computed, once it is known (see `presentFor`); until then `embedded`. */
  readonly data: string;
  /** The digest of the code that makes numbers: checkpoints are judged by it, results are not. */
  readonly code: string;
  readonly deno: string;
  /** Undefined where it is not known yet; then it is taken to be the recorded one. */
  readonly adapter?: string;
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
  const [code, dataOf] = [codeDigest(NUMBERS), new DataDigests(dataFolder)];
  return { profile, dataOf, data: EMBEDDED, code, deno: Deno.version.deno, adapter };
}

/** The same for the cells of one task of an experiment, and for what they share: with the digest of their data. */
export function presentFor(cell: Pick<Cell, "experiment" | "task">, present: Present): Present {
  return { ...present, data: present.dataOf.of(cell) };
}

/** A difference between what a result was computed from and what there is now. */
export interface Change {
  readonly kind: "code" | "settings" | "data" | "environment" | "record";
  /** One phrase: `ammd.beta 0.5 → 1`, `kernel alphaBeta changed`, `numerics of method ammd 1 → 2`. */
  readonly text: string;
}

/** What a computation has been made from, to be recorded with it. */
export function basisOf({ run, settings, numerics }: Making, { kernels, data }: Uses, present: Present): Basis {
  return {
    run,
    settings,
    numerics,
    kernels: Object.fromEntries([...kernels].sort().map((name) => [name, kernelDigest(name)])),
    ...(data ? { data: present.data } : {}),
    environment: { adapter: present.adapter ?? "unknown", deno: present.deno },
  };
}

/** What a recorded basis says of the uses that it was made of. */
export function usesOf({ kernels, data }: Basis): Pick<Uses, "kernels" | "data"> {
  return { kernels: new Set(Object.keys(kernels)), data: data !== undefined };
}

/** One digest for all that decides a cell's numbers. */
export function hashOf({ run, settings, numerics, kernels, data, environment }: Basis): string {
  return digestOfJson([run, settings, numerics, kernels, data ?? null, environment]);
}

/** A digest of all settings and data that a cell is given, read or not. */
export function settingsDigest(cell: Cell, { profile, dataOf }: Present): string {
  return digestOfJson([makingOf(cell, profile).settings, dataOf.of(cell)]);
}

/** What has changed since a cell was computed; nothing where its numbers would come out the same. */
export function changesOfCell(record: Basis, cell: Cell, present: Present): Change[] {
  const making = makingOf(cell, present.profile);
  // What was recorded without versions has settings as the profile had them, not as the method's variant has them.
  const settings = record.numerics === undefined ? settingsOf(cell, present.profile) : making.settings;
  return changesSince(record, { ...making, settings }, presentFor(cell, present));
}

/** The same for anything that was made from settings and kernels. */
export function changesSince(recorded: Basis, making: Making, present: Present): Change[] {
  return [
    ...versionChanges(recorded, making),
    ...settingChanges(recorded, making),
    ...kernelChanges(recorded),
    ...(recorded.data === undefined || recorded.data === present.data
      ? []
      : [{ kind: "data" as const, text: "other data" }]),
    ...environmentChanges(recorded.environment, present),
  ];
}

/** A setting with another value is another setting of the user; one that is new or gone is so by the code. */
function settingChanges({ settings, numerics }: Basis, making: Making): Change[] {
  const [before, now] = [flattenSettings(settings), flattenSettings(making.settings)];
  // What was recorded without versions had only the settings that were read.
  const paths = numerics === undefined ? before.keys() : new Set([...before.keys(), ...now.keys()]);
  return [...paths].flatMap((path): Change[] => {
    const [a, b] = [before, now].map((all) => JSON.stringify(all.get(path)));
    if (a === b) return [];
    const kind = a === undefined || b === undefined ? "code" : "settings";
    return [{ kind, text: `${path} ${a ?? "not there"} → ${b ?? "gone"}` }];
  });
}

function versionChanges({ run, numerics: before }: Basis, { run: runNow, numerics: now }: Making): Change[] {
  const code = (text: string) => ({ kind: "code", text }) as const;
  if (before === undefined) return [code("recorded before code had numerics versions")];
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].filter((name) =>
    before[name] !== now[name]
  );
  return [
    ...(run === runNow ? [] : [code(`run ${run} → ${runNow}`)]),
    ...names.map((name) => code(`numerics of ${name} ${before[name] ?? "none"} → ${now[name] ?? "none"}`)),
  ];
}

function kernelChanges({ kernels }: Basis): Change[] {
  return Object.entries(kernels).filter(([name, digest]) => kernelDigest(name) !== digest).map(([name]) => ({
    kind: "code",
    text: `kernel ${name} ${textsOfKernel(name).length === 0 ? "is gone" : "changed"}`,
  }));
}

function environmentChanges(recorded: Environment, { adapter, deno }: Present): Change[] {
  const differs = (name: string, then: string, now: string | undefined): Change[] =>
    now === undefined || then === now ? [] : [{ kind: "environment", text: `${name} ${then} → ${now}` }];
  return [...differs("adapter", recorded.adapter, adapter), ...differs("Deno", recorded.deno, deno)];
}

const digests = new Map<string, string>();

/** The digest of a kernel's WGSL, as the modules loaded now define it; comments and white space do not count. */
export function kernelDigest(name: string): string {
  const digest = digests.get(name) ?? digestOf(textsOfKernel(name).map(withoutComments).sort().join("\n"));
  digests.set(name, digest);
  return digest;
}

function withoutComments(wgsl: string): string {
  return wgsl.replaceAll(/\/\*[^]*?\*\/|\/\/.*$/gm, " ").replaceAll(/\s+/g, " ").trim();
}

/** Whether a value of the settings has others below it. */
export function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Settings by path, as in `ammd.beta`: what YAML holds at a path that has nothing below it. */
export function flattenSettings(nested: unknown, path = ""): Map<string, unknown> {
  if (!isSection(nested)) return new Map(nested === undefined ? [] : [[path, nested]]);
  return new Map(
    Object.entries(nested).flatMap(([key, value]) => [...flattenSettings(value, path === "" ? key : `${path}.${key}`)]),
  );
}
