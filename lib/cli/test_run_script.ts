const PROJECT = decodeURIComponent(new URL("../../", import.meta.url).pathname);

/** Why `./run` cannot be called here; undefined where it can. */
export const cannotRunScript = Deno.build.os === "windows" ? "needs a shell" : undefined;

/** Calls `./run` as a person does, with variables of their own. */
export async function runTask(args: readonly string[], env: Record<string, string>) {
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: [`${PROJECT}run`, ...args],
    env: { NO_COLOR: "1", HF_TOKEN: "", ...env },
    cwd: PROJECT,
    stdin: "null",
  }).output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}
