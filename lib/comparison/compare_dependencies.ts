import type { DependencyChange } from "./comparison.ts";
import { objectOf, parseObject } from "#lib/results/recorded_provenance.ts";
import type { DifferentFile } from "#lib/results/results_version.ts";

/**
 * What `deno.json` asks for and `deno.lock` holds, where they differ. What is no JSON is left out.
 *
 * @param files by name
 */
export function compareDependencies(files: ReadonlyMap<string, DifferentFile>): DependencyChange[] {
  return [
    ...changes("import", files.get("deno.json"), importsOf),
    ...changes("locked", files.get("deno.lock"), packagesOf),
  ];
}

function changes(
  kind: DependencyChange["kind"],
  file: DifferentFile | undefined,
  read: (text: string) => ReadonlyMap<string, string>,
): DependencyChange[] {
  const [before, after] = [file?.before, file?.after].map((text) => text === undefined ? new Map() : read(text));
  return [...new Set([...before.keys(), ...after.keys()])].sort()
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => ({ kind, name, before: before.get(name), after: after.get(name) }));
}

function importsOf(text: string): ReadonlyMap<string, string> {
  const imports = Object.entries(objectOf(parseObject(text)?.imports));
  return new Map(imports.map(([name, target]) => [name, typeof target === "string" ? target : JSON.stringify(target)]));
}

/** By package, the versions in the lock: `6.5.0` of `vega-lite@6.5.0_vega@6.4.0`, whose tail says what it was resolved with. */
function packagesOf(text: string): ReadonlyMap<string, string> {
  const lock = parseObject(text);
  const keys = ["npm", "jsr"].flatMap((registry) => Object.keys(objectOf(lock?.[registry])));
  const versions = new Map<string, Set<string>>();
  for (const key of keys) {
    const [, name, version] = /^(@?[^@]+)@([^_]+)/.exec(key) ?? [];
    if (name !== undefined) versions.set(name, (versions.get(name) ?? new Set()).add(version));
  }
  return new Map([...versions].map(([name, found]) => [name, [...found].sort().join(", ")]));
}
