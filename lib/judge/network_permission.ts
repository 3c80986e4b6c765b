import { InputError } from "#lib/errors.ts";
import { hostOf } from "./settings.ts";

/**
 * Makes sure that the judge's host may be reached. Tasks run without the network: `./run` grants it to the host of a `judge.url` that
 * it finds among its arguments. Where Deno may ask (the tasks do not let it), the person at the terminal can grant it.
 *
 * @param args the program's arguments, for the message
 * @throws {InputError} where nobody is there to ask, or the answer is no; it tells the command that has the permission
 */
export async function askForNetwork(url: string, args: readonly string[] = Deno.args): Promise<void> {
  const host = hostOf(url);
  const { state } = await Deno.permissions.request({ name: "net", host });
  if (state === "granted") return;
  throw new InputError(`judge.url is at ${host}, which this process may not reach; run instead: ${command(url, args)}`);
}

/** The same command by `./run`, with the judge's address where `./run` looks for it. */
function command(url: string, args: readonly string[]): string {
  const setting = `judge.url=${new URL(url).href}`;
  const isThere = args.includes(setting) || args.includes(`--set=${setting}`);
  return ["./run", ...args, ...(isThere ? [] : ["--set", setting])].map(quote).join(" ");
}

/** A word as a shell takes it. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
