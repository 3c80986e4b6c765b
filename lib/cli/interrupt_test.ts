import { assertEquals } from "@std/assert";

/** A program whose commands say that they have begun: `dream` and `toil` never end, `work` ends when it is asked to. */
const PROGRAM = `
import { main } from ${JSON.stringify(new URL("./main.ts", import.meta.url).href)};
const begin = () => { console.log("begun"); setInterval(() => {}, 1000); };
const dream = { name: "dream", flags: {}, run: () => new Promise(begin) };
const toil = { ...dream, name: "toil", stopsByItself: true };
const work = { ...toil, name: "work", run: (_, { stop }) =>
  new Promise((_, fail) => { stop.addEventListener("abort", () => fail(stop.reason)); begin(); }) };
const terminal = { isInteractive: false, columns: 80, print: () => {}, report: (text) => console.error(text.trim()) };
Deno.exit(await main([Deno.args[0]], { experiments: [], terminal, commands: [dream, toil, work] }));
`;

const CONFIG = decodeURIComponent(new URL("../../deno.json", import.meta.url).pathname);
const ignore = Deno.build.os === "windows";

/** Starts a command, sends it signals when it has begun, and tells how it ended. */
async function signalled(command: string, ...signals: readonly Deno.Signal[]): Promise<[code: number, err: string]> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/program.js`, PROGRAM);
    const args = ["run", "--quiet", "--no-prompt", "--config", CONFIG, `${folder}/program.js`, command];
    const process = new Deno.Command("deno", { args, stdout: "piped", stderr: "piped" }).spawn();
    const reader = process.stdout.getReader();
    await reader.read();
    reader.releaseLock();
    for (const signal of signals) process.kill(signal);
    const { code, stderr } = await process.output();
    return [code, new TextDecoder().decode(stderr)];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const STOPPING = "stopping: the step is finished and saved; once more stops at once\n";
const STOPPED = "interrupted: what is done is saved; the same command resumes from there\n";

Deno.test("Ctrl-C ends a command with status 130, SIGTERM with 143", { ignore }, async () => {
  assertEquals(await signalled("dream", "SIGINT"), [130, "interrupted\n"]);
  assertEquals(await signalled("dream", "SIGTERM"), [143, "interrupted\n"]);
});

Deno.test(
  "a command that stops by itself is asked first, and has the same status when it has stopped",
  { ignore },
  async () => {
    assertEquals(await signalled("work", "SIGINT"), [130, STOPPING + STOPPED]);
    assertEquals(await signalled("work", "SIGTERM"), [143, STOPPING + STOPPED]);
  },
);

Deno.test("a second signal ends it at once", { ignore }, async () => {
  const [code, err] = await signalled("toil", "SIGINT", "SIGTERM");
  // Signals that come together may be seen in either order.
  assertEquals([code === 130 || code === 143, err], [true, `${STOPPING}interrupted\n`]);
});
