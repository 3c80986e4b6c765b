/**
 * The second half of `./run`: provides a Vulkan driver where the task computes, and prints the command, as a shell takes it, that runs the
 * task with the permissions of its set in `deno.json` and those that its arguments need. The shell becomes that command.
 */
import config from "../../deno.json" with { type: "json" };
import { GrantError, type Grants, grantsOf, isRemote } from "./grants.ts";
import { provideAdapter } from "./vulkan.ts";

/** Tasks that compute nothing. */
const NO_ADAPTER = ["check", "list", "table", "diff", "report", "status", "show", "judge", "fetch", "cancel"];

const [task, ...args] = Deno.args;
const caller = Deno.env.get("INIT_CWD") ?? "/";
const root = decodeURIComponent(new URL("../../", import.meta.url).pathname).replace(/\/$/, "");
const say = (message: string) => console.error(`run: ${message}`);

try {
  const command = commandOf(config.tasks[task as keyof typeof config.tasks].command);
  if (!NO_ADAPTER.includes(task) && !isRemote(task, args)) provideAdapter({ ...machine(), say });
  console.log(command);
} catch (error) {
  if (!(error instanceof GrantError)) throw error;
  say(error.message);
  Deno.exit(2);
}

function commandOf(command: string): string {
  const words = command.split(" ");
  // The process that is started here is the one that works: who stops or kills it stops the work. Only what is no program goes by deno task.
  if (words[1] !== "run") {
    return quoted(["exec", "deno", "task", "--quiet", "--config", `${root}/deno.json`, task, ...args]);
  }
  const grants = grantsOf(task, args, { caller, isFolder, env: Deno.env.get, readProfile });
  const set = (config.permissions as Record<string, Grants>)[task];
  const flags = (Object.keys(grants) as (keyof Grants)[]).map((kind) =>
    // A flag takes the place of what the set says.
    `--allow-${kind}=${[...(set[kind] ?? []), ...grants[kind]!].join(",")}`
  );
  return `cd -- ${quoted([root])} && ${quoted(["exec", "deno", "run", ...flags, ...words.slice(2), ...args])}`;
}

function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ").replace(/^'exec'/, "exec");
}

function isFolder(word: string): boolean {
  try {
    return Deno.statSync(word.startsWith("/") ? word : `${caller}/${word}`).isDirectory;
  } catch {
    return false; // or this process may not read it: then it has to be named without a comma
  }
}

function readProfile(name: string): string | undefined {
  try {
    return Deno.readTextFileSync(`${root}/experiments/profiles/${name}.yaml`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function machine() {
  return {
    os: Deno.build.os,
    isRoot: Deno.build.os === "linux" && Deno.uid() === 0,
    get: (variable: string) => Deno.env.get(variable),
    list(folder: string) {
      try {
        return Array.from(Deno.readDirSync(folder), ({ name }) => name);
      } catch {
        return [];
      }
    },
    run(program: string, ...args: string[]) {
      try {
        const env = { DEBIAN_FRONTEND: "noninteractive" };
        const { success, stdout, stderr } = new Deno.Command(program, { args, env }).outputSync();
        const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
        return { success, text: decode(stdout) + decode(stderr) };
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return undefined;
        throw error;
      }
    },
  };
}
