import { InputError } from "#lib/errors.ts";
import { hostOf } from "./settings.ts";

/**
 * Makes sure that the judge's host may be reached. Tasks run without the network: `./run` grants it to the host of a `judge.url` that
 * it finds among its arguments. Where Deno may ask (the tasks do not let it), the person at the terminal can grant it.
 *
 * @param options the program's arguments, for the message, and a further setting by which `./run` sees that the judge is asked
 * @throws {InputError} where nobody is there to ask, or the answer is no; it tells the command that has the permission
 */
export async function askForNetwork(
  url: string,
  { args = Deno.args, asked }: { readonly args?: readonly string[]; readonly asked?: string } = {},
): Promise<void> {
  const host = hostOf(url);
  const { state } = await Deno.permissions.request({ name: "net", host });
  if (state === "granted") return;
  throw new InputError(
    `judge.url is at ${host}, which this process may not reach; run instead: ${command(url, args, asked)}`,
  );
}

/** The same command by `./run`, with the settings that `./run` looks for. */
function command(url: string, args: readonly string[], asked: string | undefined): string {
  const wanted = [`judge.url=${new URL(url).href}`, ...(asked === undefined ? [] : [asked])];
  const missing = wanted.filter((setting) => !args.includes(setting) && !args.includes(`--set=${setting}`));
  return ["./run", ...args, ...missing.flatMap((setting) => ["--set", setting])].map(quote).join(" ");
}

/** A word as a shell takes it. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
