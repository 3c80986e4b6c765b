import { assertEquals } from "@std/assert";

/** A program with one command, which says when it has begun and then goes on for a minute. */
const PROGRAM = `
import { main } from ${JSON.stringify(new URL("./main.ts", import.meta.url).href)};
const begin = () => new Promise((done) => { console.log("begun"); setTimeout(() => done(0), 60_000); });
const dream = { name: "dream", summary: "", flags: {}, interrupted: "finished cells are kept", run: begin };
const terminal = { isInteractive: false, columns: 80, print: () => {}, report: (text) => console.error(text.trim()) };
Deno.exit(await main(["dream"], { experiments: [], terminal, commands: [dream] }));
`;

const ignore = Deno.build.os === "windows";

Deno.test("Ctrl-C ends a command with status 130 and says what is kept", { ignore }, async () => {
  const folder = await Deno.makeTempDir({ dir: new URL(".", import.meta.url).pathname, prefix: ".interrupt_" });
  try {
    await Deno.writeTextFile(`${folder}/program.js`, PROGRAM);
    const args = ["run", "--quiet", "--no-prompt", `${folder}/program.js`];
    const process = new Deno.Command("deno", { args, stdout: "piped", stderr: "piped" }).spawn();
    const reader = process.stdout.getReader();
    await reader.read();
    process.kill("SIGINT");
    reader.releaseLock();
    const { code, stderr } = await process.output();
    assertEquals([code, new TextDecoder().decode(stderr)], [130, "interrupted: finished cells are kept\n"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
