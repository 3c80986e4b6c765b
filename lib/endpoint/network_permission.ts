import { InputError } from "#lib/errors.ts";
import { shellCommand } from "#lib/shell_command.ts";
import { type EndpointNames, hostOf } from "./address.ts";

export interface Asking {
  /** The program's arguments, for the message. */
  readonly args?: readonly string[];
  /** Settings by which `./run` sees whom to permit, as in `judge.url=http://localhost:8080/v1`, where no flag says it. */
  readonly settings?: readonly string[];
}

/**
 * Makes sure that an endpoint's host may be reached. Tasks run without the network: `./run` grants it to the host that it finds among its
 * arguments. Where Deno may ask (the tasks do not let it), the person at the terminal can grant it.
 *
 * @throws {InputError} where nobody is there to ask, or the answer is no; it tells the command that has the permission
 */
export async function askForNetwork(
  url: string,
  names: Pick<EndpointNames, "url">,
  { args = Deno.args, settings = [] }: Asking = {},
): Promise<void> {
  const host = hostOf(url);
  const { state } = await Deno.permissions.request({ name: "net", host });
  if (state === "granted") return;
  throw new InputError(
    `${names.url} is at ${host}, which this process may not reach; run instead: ${command(args, settings)}`,
  );
}

/** The same command by `./run`, with the settings that `./run` looks for. */
function command(args: readonly string[], settings: readonly string[]): string {
  const missing = settings.filter((setting) => !args.includes(setting) && !args.includes(`--set=${setting}`));
  return shellCommand([...args, ...missing.flatMap((setting) => ["--set", setting])]);
}
