import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";

const PROJECT = new URL("../../", import.meta.url);
const COPIED = [
  "run",
  "deno.json",
  "lib/cli/help.txt",
  "lib/hub/places.ts",
  ...["main", "grants", "vulkan"].map((name) => `tools/launch/${name}.ts`),
];
const { tasks, permissions } = JSON.parse(await Deno.readTextFile(new URL("deno.json", PROJECT)));
const ignore = Deno.build.os === "windows";

/** Runs a copy of `./run` in a folder whose name has a space, from another folder, with a PATH of its own if one is given. */
async function runScript(args: readonly string[], path?: string) {
  const folder = await Deno.makeTempDir({ prefix: "a copy " });
  try {
    for (const path of ["lib/cli", "lib/hub", "tools/launch"]) {
      await Deno.mkdir(`${folder}/${path}`, { recursive: true });
    }
    // Deno looks whether the packages that deno.json links to are there.
    const std = ["-R", decodeURIComponent(new URL("tools/std", PROJECT).pathname), `${folder}/tools/`];
    await new Deno.Command("sh", { args: ["-c", 'cp "$@"', "sh", ...std] }).output();
    for (const file of COPIED) await Deno.copyFile(new URL(file, PROJECT), `${folder}/${file}`);
    const inner = ["-c", 'PATH="${0:-$PATH}" exec /bin/sh "$@"', path ?? "", `${folder}/run`, ...args];
    // Where a driver is named none is looked for, or installed.
    const env = { VK_DRIVER_FILES: "named" };
    const { code, stdout, stderr } = await new Deno.Command("sh", { args: inner, cwd: "/", env }).output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, out: decode(stdout), err: decode(stderr) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("./run without a task lists those of deno.json, and installs nothing", { ignore }, async () => {
  for (const args of [[], ["--help"], ["help"]]) {
    const { code, out, err } = await runScript(args);
    assertEquals({ code, err }, { code: 0, err: "" });
    for (const [name, { description }] of Object.entries<{ description: string }>(tasks)) {
      assertStringIncludes(out, `\n  ${name.padEnd(11)}${description}\n`);
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
    const link = 'for tool in dirname grep sed tr; do ln -s "$(command -v "$tool")" "$1"; done';
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
  const find = await new Deno.Command("sh", { args: ["-c", "command -v deno"] }).output();
  const real = new TextDecoder().decode(find.stdout).trim();
  const script = [
    'case "$*" in',
    '--version) echo "deno 2.9.6 (stable)" ;;',
    "ci) ;;",
    `*-P=launch*) exec '${real}' "$@" ;;`,
    '*) printf "[%s]" "$PWD" "$@" ;;',
    "esac",
  ].join("\n");
  try {
    await Deno.writeTextFile(`${tools}/deno`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
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

const SLURM = ["sbatch", "squeue", "scontrol", "sacct", "scancel"];

/** A flag that grants paths, programs or hosts beside those of the task's set. */
const granting = (task: string, kind: string, ...granted: string[]) =>
  `--allow-${kind}=${[...(permissions[task][kind] ?? []), ...granted].join(",")}`;

/** The words of a task's command after `deno run`. */
function wordsOf(task: string): string {
  return bracketed(tasks[task].command.split(" ").slice(2));
}

/** How a task is called that is granted nothing beside its own permissions; `check` is no program, but a line of the shell. */
function ungranted([task, ...args]: readonly string[]): string {
  return task === "check"
    ? `[/][task][--quiet][--config][ROOT/deno.json]${bracketed([task, ...args])}`
    : `[ROOT][run]${wordsOf(task)}${bracketed(args)}`;
}

Deno.test(
  "./run judge grants the network of its host alone, and passes all arguments on",
  { ignore },
  async () => {
    const words = wordsOf("judge");
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
        await calledDeno("judge", ...args),
        `[ROOT][run][--allow-net=${host}]${words}${bracketed(args)}`,
      );
    }
    const twice = await calledDeno("judge", "--set=judge.url=http://first", "--set=judge.url=http://last");
    assertMatch(twice, /\[--allow-net=last:80\]/);
  },
);

Deno.test(
  "./run judge without an address, with one that is none, or another task grants no network",
  { ignore },
  async () => {
    for (
      const args of [
        ["judge", "--set", "judge.model=m"],
        ...["", "ftp://a", "a:80", "http://a,b:80", "http://a:80,b", "http://me@a/", "http://*.a/", "http://a b/"].map((
          url,
        ) => [
          ...["judge", "--set", `judge.url=${url}`],
        ]),
        ["judge", "--set", "judge.url=http://a", "--set", "judge.url="],
        ["reproduce", "--set", "judge.url=http://a"],
        ["table", "--set", "judge.url=http://a"],
      ]
    ) {
      assertEquals(await calledDeno(...args), ungranted(args));
    }
  },
);

Deno.test(
  "./run grants the folders that the arguments name to the task that uses them, alone",
  { ignore },
  async () => {
    const read = (...paths: string[]) => ({ read: paths });
    const both = (path: string) => ({ read: [path], write: [path] });
    const cases: [args: string[], granted: Record<string, string[]>][] = [
      [["reproduce", "--results", "/out"], both("/out")],
      [["reproduce", "--results=out"], both("/out")],
      [["reproduce", "--results", "../a 'b\"$*\n=c/"], both("/../a 'b\"$*\n=c/")],
      [["reproduce", "--results=-x=y"], both("/-x=y")],
      [["reproduce", "distances", "--data", "data", "--results", "out", "--quiet"], {
        ...{ read: ["/data", "/out"], write: ["/out"] },
      }],
      [["judge", "--data=/data", "--set", "judge.url=http://h"], { read: ["/data"], net: ["h:80"] }],
      [["reproduce", "--preferences", "pairs.jsonl"], read("/pairs.jsonl")],
      [["reproduce", "--set", "judge.url=https://h/v1", "--set", "preferences.oracle=judge"], { net: ["h:443"] }],
      [["cell", "--set=judge.url=http://h:8/v1", "--set=preferences.oracle='judge'"], { net: ["h:8"] }],
      [["status", "--preferences=/in/pairs.csv", "--data", "in"], read("/in/pairs.csv", "/in")],
      [["reproduce", "--jobs", "2", "--results", "out"], both("/out")],
      [["cell", "distances/kd/10", "--data", "in", "--results", "out"], { read: ["/in", "/out"], write: ["/out"] }],
      [["export", "distances/kd/10", "model", "--profile", "tiny"], both("/model")],
      [["report", "--results", "out"], both("/out")],
      ...["table", "diff", "status", "show"].map((
        task,
      ): [string[], Record<string, string[]>] => [[task, "--results", "out", "--profile", "usr"], read("/out")]),
      ...["status", "show", "table", "report"].map((
        task,
      ): [string[], Record<string, string[]>] => [[task, "x", "--data", "in"], read("/in")]),
      [["reproduce", "--executor", "slurm", "--slurm-args", "--results=/no"], { run: SLURM }],
      [["reproduce", "--executor=slurm", "--results", "out"], { ...both("/out"), run: SLURM }],
      [["reproduce", "--collect"], { run: SLURM }],
      [["cancel", "--results", "out"], read("/out")],
      [["bench", "gelu", "--against", "../old", "--json"], { read: ["/../old"], run: ["deno"] }],
      [["bench", "--against=/old"], { read: ["/old"], run: ["deno"] }],
      // Rates of the adapter are kept.
      [["bench", "--shapes", "gpt2"], { read: [".cache"], write: [".cache"] }],
      [["verify", "./a", "--json", "/b"], read("/./a", "/b")],
      [["verify", "--", "--json", "-"], read("/--json", "/-")],
      [["diff", "HEAD~1", "../other", "--format", "bin"], read("/HEAD~1", "/../other")],
      [["diff", ":/one, two", "usr"], read("/usr")],
    ];
    for (const [[task, ...args], granted] of cases) {
      const flags = Object.entries(granted).map(([kind, values]) => granting(task, kind, ...values));
      const expected = `[ROOT][run]${bracketed(flags)}${wordsOf(task)}${bracketed(args)}`;
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
      // Training asks nobody, unless a judge is to label pairs.
      ["reproduce", "--set", "judge.url=http://h"],
      ["reproduce", "--set", "judge.url=http://h", "--set=preferences.oracle=judge", "--set=preferences.oracle=metric"],
      ["status", "--set", "judge.url=http://h", "--set", "preferences.oracle=judge"],
      ["reproduce", "--executor", "local", "--jobs", "2"],
      ["status", "--executor", "slurm"],
      ["reproduce", "--set", "results=/out", "--results"],
      ["diff", "--data", "/data"],
      ["list", "--results", "/out"],
      ["test", "--results", "/out", "/usr"],
      ["check", "--results", "/out"],
      ["bench", "usr"],
      ["bench", "--against="],
      ["bench", "--shapes", "gpt2_small"],
      ["verify", "--against", "/old"],
      ["diff", "--profile", "usr"],
    ]
  ) {
    assertEquals(await calledDeno(...args), ungranted(args));
  }
});

Deno.test("./run refuses a folder with a comma, which would be two to Deno", { ignore }, async () => {
  for (const args of [["reproduce", "--results", "/a,b"], ["table", "--results=/a,b"], ["verify", "/c", "/a,b"]]) {
    const { code, out, err } = await callDeno(...args);
    assertEquals({ code, out }, { code: 2, out: "" });
    assertMatch(
      err,
      /^run: [-\w]+ \/a,b: Deno cannot permit a path with a comma, \/a,b; rename it[^\n]*\n$/,
    );
  }
});
