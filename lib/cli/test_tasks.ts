/** A task of `deno.json`. */
export interface Task {
  readonly task: string;
  readonly description: string;
  /** Its command's words. */
  readonly words: readonly string[];
}

interface Configuration {
  readonly tasks: Record<string, { description: string; command: string }>;
  readonly permissions: Record<
    string,
    Record<string, readonly string[]> & { env?: { allow?: readonly string[]; ignore?: boolean } }
  >;
}

const configuration: Configuration = JSON.parse(
  await Deno.readTextFile(new URL("../../deno.json", import.meta.url)),
);

export const TASKS: readonly Task[] = Object.entries(configuration.tasks).map(([task, { description, command }]) => ({
  task,
  description,
  words: command.split(/\s+/),
}));

/** The permission sets, by name. */
export const SETS = configuration.permissions;

/** The sets that a command is run with. */
export function setsOf(words: readonly string[]): string[] {
  return words.filter((word) => word.startsWith("-P=")).map((word) => word.slice("-P=".length));
}

/** What a task may do by one of Deno's permissions; undefined for nothing. A second program's stand after a space. */
export function granted(words: readonly string[], kind: string): string | undefined {
  const values = setsOf(words).flatMap((name) => {
    const value = kind === "env" ? SETS[name].env?.allow : SETS[name][kind];
    return value === undefined ? [] : [value.join(",")];
  });
  return values.length > 0 ? values.join(" ") : undefined;
}

/** The same set as flags, without one kind of permission if that is named. */
export function flagsOf(words: readonly string[], without?: string): string[] {
  const kinds = ["read", "write", "run", "net", "sys", "env"].filter((kind) => kind !== without);
  const flags = kinds.flatMap((kind) => {
    const value = granted(words, kind);
    return value === undefined ? [] : [`--allow-${kind}=${value}`];
  });
  return ["--ignore-env", ...flags];
}
