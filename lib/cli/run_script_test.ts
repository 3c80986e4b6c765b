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
    const link = 'for tool in cut dirname grep sed tr uname; do ln -s "$(command -v "$tool")" "$1"; done';
    await new Deno.Command("sh", { args: ["-c", link, "sh", tools] }).output();
    const { code, err } = await runScript(["list"], tools);
    assertEquals([code, err.trim().split("\n").length], [1, 1]);
    assertStringIncludes(err, "nor npm to install it: install Node.js with npm");
  } finally {
    await Deno.remove(tools, { recursive: true });
  }
});

/** Runs `./run` from `/` with a stand-in for Deno that says how it was called, and where. */
async function callDeno(...args: string[]) {
  const tools = await Deno.makeTempDir();
  const standIns = {
    deno: 'case $1 in --version) echo "deno 2.9.6 (stable)" ;; ci) ;; *) printf "[%s]" "$PWD" "$@" ;; esac',
    uname: "echo Darwin", // where no driver is looked for
  };
  try {
    for (const [name, script] of Object.entries(standIns)) {
      await Deno.writeTextFile(`${tools}/${name}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    const { code, out, err } = await runScript(args, `${tools}:/usr/bin:/bin`);
    return { code, err, out: out.replaceAll(/[^[]*\/a copy \w+/g, "ROOT") };
  } finally {
    await Deno.remove(tools, { recursive: true });
  }
}

async function calledDeno(...args: string[]): Promise<string> {
  const { code, out, err } = await callDeno(...args);
  assertEquals([code, err], [0, ""]);
  return out;
}

const bracketed = (words: readonly string[]) => words.map((word) => `[${word}]`).join("");

/** The words of a task's command after `deno run`. */
async function wordsOf(task: string): Promise<string> {
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", PROJECT)));
  return bracketed(tasks[task].command.split(" ").slice(2));
}

/** How a task is called that is granted nothing beside its own permissions; `check` is no program, but a line of the shell. */
async function ungranted([task, ...args]: readonly string[]): Promise<string> {
  return task === "check"
    ? `[/][task][--quiet][--config][ROOT/deno.json]${bracketed([task, ...args])}`
    : `[ROOT][run]${await wordsOf(task)}${bracketed(args)}`;
}

Deno.test(
  "./run reproduce with a judge grants the network of its host alone, and passes all arguments on",
  { ignore },
  async () => {
    const words = await wordsOf("reproduce");
    for (
      const [url, host] of [
        ["http://127.0.0.1:8080/v1", "127.0.0.1:8080"],
        ["http://localhost", "localhost:80"],
        ["https://api.example.com/v1?x=1", "api.example.com:443"],
        ["https://[::1]:8443/v1", "[::1]:8443"],
        ['"http://a-b.c/"', "a-b.c:80"],
      ]
    ) {
      const args = ["--set", "a=[1, '*']", "--set", `judge.url=${url}`, "distances"];
      assertEquals(
        await calledDeno("reproduce", ...args),
        `[ROOT][run][--allow-net=${host}]${words}${bracketed(args)}`,
      );
    }
    const twice = await calledDeno("reproduce", "--set=judge.url=http://first", "--set=judge.url=http://last");
    assertMatch(twice, /\[--allow-net=last:80\]/);
  },
);

Deno.test(
  "./run without a judge, with an address that is none, or for another task grants no network",
  { ignore },
  async () => {
    for (
      const args of [
        ["reproduce", "--set", "judge.model=m"],
        ...["", "ftp://a", "a:80", "http://a,b:80", "http://a:80,b", "http://me@a/", "http://*.a/", "http://a b/"].map((
          url,
        ) => [
          ...["reproduce", "--set", `judge.url=${url}`],
        ]),
        ["reproduce", "--set", "judge.url=http://a", "--set", "judge.url="],
        ["table", "--set", "judge.url=http://a"],
      ]
    ) {
      assertEquals(await calledDeno(...args), await ungranted(args));
    }
  },
);

Deno.test(
  "./run grants the folders that the arguments name to the task that uses them, alone",
  { ignore },
  async () => {
    const both = (path: string) => [`--allow-read=${path}`, `--allow-write=${path}`];
    const cases: [args: string[], granted: string[]][] = [
      [["reproduce", "--results", "/out"], both("/out")],
      [["reproduce", "--results=out"], both("/out")],
      [["reproduce", "--results", "../a 'b\"$*\n=c/"], both("/../a 'b\"$*\n=c/")],
      [["reproduce", "--results=-x=y"], both("/-x=y")],
      [["reproduce", "distances", "--data", "data", "--results", "out", "--quiet"], [
        "--allow-read=/data,/out",
        "--allow-write=/out",
      ]],
      [["reproduce", "--data=/data", "--set", "judge.url=http://h"], ["--allow-read=/data", "--allow-net=h:80"]],
      [["reproduce", "--jobs", "2", "--results", "out"], both("/out")],
      [["cell", "distances/kd/10", "--data", "in", "--results", "out"], [
        "--allow-read=/in,/out",
        "--allow-write=/out",
      ]],
      [["report", "--results", "out"], both("/out")],
      ...["table", "diff", "status", "show"].map((
        task,
      ): [string[], string[]] => [[task, "--results", "out", "--profile", "usr"], ["--allow-read=/out"]]),
      ...["status", "show", "table", "report"].map((
        task,
      ): [string[], string[]] => [[task, "x", "--data", "in"], ["--allow-read=/in"]]),
      [["bench", "gelu", "--against", "../old", "--json"], ["--allow-read=/../old", "--allow-run=deno"]],
      [["bench", "--against=/old"], ["--allow-read=/old", "--allow-run=deno"]],
      [["verify", "a", "--json", "/b"], ["--allow-read=/a,/b"]],
      [["verify", "--", "--json", "-"], ["--allow-read=/--json,/-"]],
      [["diff", "HEAD~1", "../other", "--format", "bin"], ["--allow-read=/HEAD~1,/../other"]],
      [["diff", ":/one, two", "usr"], ["--allow-read=/usr"]],
    ];
    for (const [[task, ...args], granted] of cases) {
      const expected = `[ROOT][run]${bracketed(granted)}${await wordsOf(task)}${bracketed(args)}`;
      assertEquals(await calledDeno(task, ...args), expected);
    }
  },
);

Deno.test("./run grants no folder that the task does not use, or that is no value", { ignore }, async () => {
  for (
    const args of [
      ["reproduce", "--results", "--data", "--quiet"],
      ["reproduce", "--results", "-x"],
      ["reproduce", "--results=", "/etc"],
      ["reproduce", "--set", "results=/out", "--results"],
      ["diff", "--data", "/data"],
      ["list", "--results", "/out"],
      ["test", "--results", "/out", "/usr"],
      ["check", "--results", "/out"],
      ["bench", "usr"],
      ["bench", "--against="],
      ["bench", "--shapes", "gpt2"],
      ["verify", "--against", "/old"],
      ["diff", "--profile", "usr"],
    ]
  ) {
    assertEquals(await calledDeno(...args), await ungranted(args));
  }
});

Deno.test("./run refuses a folder with a comma, which would be two to Deno", { ignore }, async () => {
  for (const args of [["reproduce", "--results", "/a,b"], ["table", "--results=/a,b"], ["verify", "/c", "/a,b"]]) {
    const { code, out, err } = await callDeno(...args);
    assertEquals({ code, out }, { code: 2, out: "" });
    assertMatch(
      err,
      /^run: [-\w]+ \/a,b: Deno cannot permit a folder with a comma in its path, \/a,b; rename it[^\n]*\n$/,
    );
  }
});
