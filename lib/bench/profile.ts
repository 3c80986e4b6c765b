import { parse } from "@std/yaml";
import { z } from "zod";
import { InputError } from "#lib/errors.ts";
import { linesOf, readTextStrictly, withLineFeeds } from "#lib/text_file.ts";
import { excerpt } from "#lib/visible_text.ts";
import type { COMMON_SECTIONS, ProfileSchema } from "./profile_schema.ts";
import { unwrapped } from "./section.ts";
import { closest, unknownName } from "./suggestion.ts";

type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;

/**
 * The sizes and settings of a run: what `experiments/profiles/<name>.yaml` holds. These are the sections that every profile has; one of
 * a method, a task or an experiment is read by its `Section`.
 */
export type Profile = DeepReadonly<z.infer<typeof COMMON_SECTIONS>> & {
  /** Where checkpoints lie that are named by the digest of their files: what decides numbers is not where they are. */
  readonly places?: Readonly<Record<string, string>>;
};
export type ModelSettings = NonNullable<Profile["teacher"]["model"]>;
export type TrainingSettings = Profile["teacher"]["training"];

const PROJECT = new URL("../../", import.meta.url);
const PROFILES_FOLDER = new URL("experiments/profiles/", PROJECT);

/** A profile as the user may ask for it, and what the first line of its file says of it. */
export interface ProfileDescription {
  readonly name: string;
  readonly summary: string;
}

/** The profiles of a folder by name. */
export async function listProfiles(folder: URL = PROFILES_FOLDER): Promise<ProfileDescription[]> {
  const profiles: ProfileDescription[] = [];
  for (const name of profileNames(folder)) {
    const [firstLine] = linesOf(await readProfile(name, folder));
    profiles.push({ name, summary: firstLine.replace(/^#\s*/, "") });
  }
  return profiles;
}

/**
 * Reads a profile, with settings changed by overrides such as `ammd.beta=1`, whose values are YAML.
 *
 * @param schema what it must hold; `profileSchema` makes it of sections
 * @throws {InputError} that names file, line and key, or the override, if anything is missing, unknown or out of range
 */
export async function loadProfile(
  name: string,
  schema: ProfileSchema,
  overrides: readonly string[] = [],
  folder: URL = PROFILES_FOLDER,
): Promise<Profile> {
  const names = profileNames(folder);
  if (!names.includes(name)) throw new InputError(unknownName("profile", name, names));
  const file: SourceText = { path: pathOf(name, folder), text: await readProfile(name, folder) };
  const settings = parseSettings(file);
  const parsedOverrides = overrides.map(parseOverride);
  refuseLostOverrides(parsedOverrides);
  for (const override of parsedOverrides) applyOverride(settings, override);
  const result = schema.safeParse(settings);
  if (!result.success) {
    throw new InputError(describeIssue(result.error.issues, { schema, settings, file, overrides: parsedOverrides }));
  }
  return result.data;
}

/**
 * The experiments that a profile's file names as its own (`experiments`); undefined where it has all, or there is no such file. A profile
 * need not hold the sections of others.
 */
export async function namedExperiments(
  name: string,
  folder: URL = PROFILES_FOLDER,
): Promise<readonly string[] | undefined> {
  if (!profileNames(folder).includes(name)) return undefined;
  const { experiments } = parseSettings({ path: pathOf(name, folder), text: await readProfile(name, folder) });
  return Array.isArray(experiments) ? experiments.map(String) : undefined;
}

interface SourceText {
  readonly path: string;
  readonly text: string;
}

interface Override {
  /** As the user wrote it. */
  readonly text: string;
  readonly path: readonly string[];
  readonly value: unknown;
}

type Settings = Record<string, unknown>;

function profileNames(folder: URL): string[] {
  return [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".yaml"))
    .map(({ name }) => name.slice(0, -".yaml".length)).sort(); // by code units
}

/** As messages name a profile's file: from the project's folder. */
function pathOf(name: string, folder: URL): string {
  const { href } = new URL(`${name}.yaml`, folder);
  const isInProject = href.startsWith(PROJECT.href);
  return isInProject ? decodeURIComponent(href.slice(PROJECT.href.length)) : `experiments/profiles/${name}.yaml`;
}

async function readProfile(name: string, folder: URL): Promise<string> {
  return withLineFeeds(await readTextStrictly(new URL(`${name}.yaml`, folder), pathOf(name, folder)));
}

function parseSettings({ path, text }: SourceText): Settings {
  let settings: unknown;
  try {
    settings = parse(text, { schema: "core" });
  } catch (error) {
    throw new InputError(describeYamlError(path, error as Error));
  }
  if (!isSettings(settings)) throw new InputError(`${path}: must hold settings, as in "seeds: [10, 20]"`);
  return settings;
}

/** `FILE:3:1: missing comma between flow collection entries`, from the parser's message of several lines. */
function describeYamlError(path: string, { message }: Error): string {
  const [, what, line, column] = /^(?:Cannot [^:]*: )?(.*?) at line (\d+), column (\d+)/.exec(message) ?? [];
  return what === undefined
    ? `${path}: broken YAML: ${message.split("\n")[0]}`
    : `${path}: broken YAML at line ${line}, column ${column}: ${what}`;
}

function parseOverride(text: string): Override {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (key === undefined) throw new InputError(`--set ${excerpt(text)}: write KEY=VALUE, as in --set ammd.beta=0.5`);
  try {
    return { text, path: key.trim().split("."), value: parse(value, { schema: "core" }) };
  } catch (error) {
    if (/duplicated key/.test((error as Error).message)) {
      throw new InputError(`--set ${excerpt(text)}: a key occurs twice in the value`);
    }
    throw new InputError(
      `--set ${excerpt(text)}: the value is not YAML; write a number, a word or a list such as [10, 20]`,
    );
  }
}

/** Refuses a setting that a later override of the same key, or of a section that it is in, would take the place of. */
function refuseLostOverrides(overrides: readonly Override[]): void {
  overrides.forEach((earlier, i) => {
    const later = overrides.slice(i + 1).find(({ path }) => path.every((key, depth) => key === earlier.path[depth]));
    if (later === undefined) return;
    throw new InputError(
      `--set ${excerpt(earlier.text)} and --set ${excerpt(later.text)}: the second overrides the first; leave one out`,
    );
  });
}

/** Sets a value deep in the settings; a key that is not there is added and left to the schema to refuse. */
function applyOverride(settings: Settings, { path, value }: Override): void {
  let at = settings;
  for (const key of path.slice(0, -1)) {
    const next = Object.hasOwn(at, key) ? at[key] : undefined;
    if (isSettings(next)) at = next;
    else at = at[key] = {};
  }
  at[path.at(-1)!] = value;
}

/** What was read, and what it must be. */
interface Reading {
  readonly schema: ProfileSchema;
  readonly settings: Settings;
  readonly file: SourceText;
  readonly overrides: readonly Override[];
}

/** One line about the first thing wrong: where, which key, what it must be. */
function describeIssue(issues: readonly z.core.$ZodIssue[], { schema, settings, file, overrides }: Reading): string {
  // Unknown keys first: a misspelt key is also a missing one, and its name tells more.
  const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0];
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    const [key] = issue.keys;
    const known = knownKeys(schema, path);
    const suggestion = closest(key, known);
    const hint = suggestion === undefined ? `known are ${known.join(", ")}` : `did you mean "${suggestion}"?`;
    return `${where([...path, key], file, overrides)}: unknown key "${[...path, key].join(".")}"; ${hint}`;
  }
  const problem = issue.message.replace(/^(Invalid input|Invalid option|Too small|Too big): /, "")
    .replace(/, received \w+$/, "").replaceAll('"|"', '" or "');
  const value = valueAt(settings, path);
  // What only the code objects to may have a value that no file gives: its default.
  const found = value === undefined && issue.code === "custom" ? ":" : ` is ${show(value)};`;
  return `${where(path, file, overrides)}: ${path.join(".")}${found} ${problem}`;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "missing";
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function valueAt(settings: Settings, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Settings | undefined)?.[key], settings);
}

/** The override that brought a setting, else the file with the line of its key. */
function where(path: readonly string[], { path: name, text }: SourceText, overrides: readonly Override[]): string {
  const override = overrides.findLast(({ path: set }) => set.every((key, i) => i >= path.length || key === path[i]));
  if (override) return `--set ${excerpt(override.text)}`;
  const line = lineOfKey(text, path);
  return line === undefined ? name : `${name}:${line}`;
}

/** The line, from 1, of a key or of the deepest of its parents that has a line of its own. */
function lineOfKey(text: string, path: readonly string[]): number | undefined {
  const lines = text.split("\n");
  let [found, from, parentIndent] = [undefined as number | undefined, 0, -1];
  for (const key of path) {
    const next = lines.findIndex((line, i) =>
      i >= from && keyOf(line)?.key === key && keyOf(line)!.indent > parentIndent
    );
    if (next < 0) break;
    const outside = lines.slice(from, next).some((line) => (keyOf(line)?.indent ?? Infinity) <= parentIndent);
    if (outside) break;
    [found, from, parentIndent] = [next + 1, next + 1, keyOf(lines[next])!.indent];
  }
  return found;
}

function keyOf(line: string): { key: string; indent: number } | undefined {
  const [, indent, key] = /^( *)([\w-]+):/.exec(line) ?? [];
  return key === undefined ? undefined : { key, indent: indent.length };
}

function knownKeys(root: ProfileSchema, path: readonly string[]): string[] {
  const inside = (schema: z.ZodType | undefined) => schema instanceof z.ZodObject ? schema.shape : {};
  const section = path.reduce<z.ZodType | undefined>(
    (schema, key) => Object.hasOwn(inside(schema), key) ? unwrapped(inside(schema)[key]) : undefined,
    root,
  );
  return Object.keys(inside(section));
}

function isSettings(value: unknown): value is Settings {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
