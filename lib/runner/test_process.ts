/** Programs that run in a process of their own, for tests of what only a second process can show. */

const PROJECT = decodeURIComponent(new URL("../../", import.meta.url).pathname);

/** What a process ended with. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/**
 * Writes a program of a test to `<folder>/<name>.ts` and gives the words that run it. It imports from the project as its own
 * files do, as in `#lib/errors.ts`.
 *
 * @param further flags of permissions beside those to read, write and run
 */
export async function programWords(
  folder: string,
  name: string,
  source: string,
  further: readonly string[] = [],
): Promise<readonly string[]> {
  await Deno.writeTextFile(`${folder}/${name}.ts`, source);
  const permissions = ["--allow-read", "--allow-write", "--allow-run", "--allow-sys=hostname", ...further];
  return ["run", "--quiet", "--no-prompt", ...permissions, "--config", `${PROJECT}deno.json`, `${folder}/${name}.ts`];
}

/** Starts such a program; its output is piped. */
export async function startProgram(folder: string, name: string, source: string): Promise<Deno.ChildProcess> {
  const args = [...await programWords(folder, name, source)];
  return new Deno.Command("deno", { args, stdin: "null", stdout: "piped", stderr: "piped" }).spawn();
}

/** Waits until a program has written something, and gives what it wrote. */
export async function firstOutput({ stdout }: Deno.ChildProcess): Promise<string> {
  const reader = stdout.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  return new TextDecoder().decode(value);
}

/** Waits until a program has written so many more lines. */
export async function passLines({ stdout }: Deno.ChildProcess, count: number): Promise<void> {
  const reader = stdout.getReader();
  for (let seen = 0; seen < count;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the program ended after ${seen} lines of ${count}`);
    seen += value.filter((byte) => byte === 10).length;
  }
  reader.releaseLock();
}

/** Kills a program as `kill -9` does and waits until it is gone. */
export async function killProgram(process: Deno.ChildProcess): Promise<void> {
  process.kill("SIGKILL");
  await process.output();
}

/**
 * Runs a program beside a disk of 256 KiB, mounted on `<folder>/disk`. `prepare` is a shell command that runs before it, such as one that
 * makes the disk read-only. The disk is in a name space of its own, which goes with the process, however that ends.
 */
export async function runWithSmallDisk(
  folder: string,
  source: string,
  prepare = "true",
  further: readonly string[] = [],
): Promise<Outcome> {
  await Deno.mkdir(`${folder}/disk`);
  const words = await programWords(folder, "program", source, further);
  const inside = `mount -t tmpfs -o size=256k tmpfs "$1/disk" && cd "$1" && { ${prepare}; } && shift && exec deno "$@"`;
  return await runShell(`exec unshare ${NAME_SPACE} sh -c '${inside}' sh "$@"`, folder, ...words);
}

/** Why there can be no small disk here, if so. */
export async function whyNoSmallDisk(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "needs Linux's tmpfs";
  const { code, err } = await runShell(`unshare ${NAME_SPACE} mount -t tmpfs tmpfs /mnt`);
  return code === 0 ? undefined : `no tmpfs can be mounted: ${err.trim().split("\n")[0]}`;
}

/** As root of a name space of its own, which any user may be where the system lets them. */
const NAME_SPACE = "--map-root-user --mount";

/** Runs a shell command; `"$@"` are the further words. */
export async function runShell(command: string, ...words: string[]): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", command, "sh", ...words],
    stdin: "null",
  })
    .output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}
