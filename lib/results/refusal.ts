import { InputError } from "#lib/errors.ts";
import { shellCommand } from "#lib/shell_command.ts";

/** What each of Deno's permissions lets a process do. */
const DEEDS: Readonly<Record<string, string>> = {
  read: "read",
  write: "write to",
  net: "reach",
  run: "run",
  env: "read the variable",
  sys: "ask the system for",
  ffi: "load",
};

/** What `./run` grants beside the permissions that the task has in `deno.json`. */
const GRANTS: Readonly<Record<string, string>> = {
  read: " (it grants the folders that the arguments name)",
  write: " (it grants the folders that the arguments name)",
  net: " (it grants the host of the judge, the teacher or the hub)",
};

/**
 * What Deno did not permit and which command has the permission, where that is what an error says. Tasks run with the least permissions:
 * folders and hosts that the arguments name are granted by `./run`, for that one run.
 *
 * @param args the program's arguments
 */
export function refusalOf(error: unknown, args: readonly string[] = Deno.args): string | undefined {
  if (!(error instanceof Deno.errors.NotCapable)) return undefined;
  // As in: Requires read access to "PATH", run again with the --allow-read flag
  const [, kind = "", what = ""] = /^Requires (\w+) access(?: to (.+))?, run again/s.exec(error.message) ?? [];
  if (!Object.hasOwn(DEEDS, kind)) return `Deno refused it: ${error.message.split("\n")[0]}`;
  const thing = what.replace(/^"(.*)"$/s, "$1") || "anything";
  return `this process has no permission to ${DEEDS[kind]} ${thing}; run instead: ${shellCommand(args)}${
    GRANTS[kind] ?? ""
  }`;
}

/** The error for the user to read: what Deno did not permit in place of its own error; any other as it is. */
export function explainRefusal(error: unknown, args: readonly string[] = Deno.args): unknown {
  const refusal = refusalOf(error, args);
  return refusal === undefined ? error : new InputError(refusal, { cause: error });
}
