import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";

const PROJECT = new URL("../../", import.meta.url);
const ignore = Deno.build.os === "windows";

/** Runs a copy of `./run` in a folder whose name has a space, from another folder, with a PATH of its own if one is given. */
async function runScript(args: readonly string[], path?: string) {
  const folder = await Deno.makeTempDir({ prefix: "a copy " });
  try {
    for (const file of ["run", "deno.json"]) await Deno.copyFile(new URL(file, PROJECT), `${folder}/${file}`);
    const inner = ["-c", 'PATH="${0:-$PATH}" exec /bin/sh "$@"', path ?? "", `${folder}/run`, ...args];
    const { code, stdout, stderr } = await new Deno.Command("sh", { args: inner, cwd: "/" }).output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, out: decode(stdout), err: decode(stderr) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("./run without a task lists those of deno.json, and installs nothing", { ignore }, async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", PROJECT)));
  for (const args of [[], ["--help"]]) {
    const { code, out, err } = await runScript(args);
    assertEquals({ code, err }, { code: 0, err: "" });
    for (const [name, { description }] of Object.entries<{ description: string }>(tasks)) {
      assertMatch(out, new RegExp(`^ {2}${name} +${description.slice(0, 20)}`, "m"));
    }
  }
});

Deno.test("./run with an unknown task says so in one line, with status 2", { ignore }, async () => {
  const { code, out, err } = await runScript(["reprodcue"]);
  assertEquals({ code, out }, { code: 2, out: "" });
  assertMatch(err, /^run: unknown task "reprodcue"; tasks are [^\n]*reproduce[^\n]*\n$/);
  assertEquals((await runScript([".*"])).code, 2);
});

Deno.test("./run without Deno and npm says in one line what to install", { ignore }, async () => {
  const tools = await Deno.makeTempDir();
  try {
    for (const tool of ["cut", "dirname", "grep", "sed", "tr", "uname"]) {
      const found = ["/bin", "/usr/bin"].map((folder) => `${folder}/${tool}`).find(exists);
      await Deno.symlink(found!, `${tools}/${tool}`);
    }
    const { code, err } = await runScript(["list"], tools);
    assertEquals([code, err.trim().split("\n").length], [1, 1]);
    assertStringIncludes(err, "nor npm to install it: install Node.js with npm");
  } finally {
    await Deno.remove(tools, { recursive: true });
  }
});

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
