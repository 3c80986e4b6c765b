import { assertEquals, assertThrows } from "@std/assert";
import { FILE_HOSTS, HUB_VARIABLES } from "#lib/hub/places.ts";
import { GrantError, grantsOf } from "../../tools/launch/grants.ts";
import { HELP, TASK_NAMES } from "./help.ts";
import { COMMANDS } from "./main.ts";
import { granted, SETS, setsOf, TASKS } from "./test_tasks.ts";

/** Where a person's folders are. */
const FOLDERS = "XDG_CACHE_HOME,HOME,USERPROFILE";
const PROJECT = new URL("../../", import.meta.url);

/** Each task that has a permission, with what it may do by it. */
function granting(kind: string): Record<string, string> {
  const all = TASKS.map(({ task, words }) => [task, granted(words, kind)]);
  return Object.fromEntries(all.filter(([, value]) => value !== undefined));
}

Deno.test("the help has the tasks of deno.json, in its order and words", () => {
  assertEquals(TASKS.map(({ task }) => task), TASK_NAMES);
  const missing = TASKS.filter(({ task, description }) => !HELP.includes(`\n  ${task.padEnd(11)}${description}\n`));
  assertEquals(missing.map(({ task }) => task), []);
});

Deno.test("no task has a permission without saying for what, and none asks for more or reads the environment unasked", async () => {
  for (const { task, words } of TASKS) {
    // A set is all that a program is given.
    assertEquals(words.filter((word) => /^-\w*[ARWNESI]|^--allow-|^--unstable/.test(word)), [], task);
    const runs = words.filter((word, i) => words[i - 1] === "deno" && (word === "run" || word === "test"));
    assertEquals(words.filter((word) => word === "--no-prompt").length, runs.length, task);
    assertEquals(setsOf(words).length, runs.length, task);
  }
  for (const [name, { env, ...kinds }] of Object.entries(SETS)) {
    assertEquals(env?.ignore, true, name);
    for (const values of [env?.allow ?? [], ...Object.values(kinds)]) {
      assertEquals(Array.isArray(values) && values.every((value) => value !== "" && !value.includes("*")), true, name);
    }
  }
  const scripts = await Promise.all(["run", ".ci/run"].map((name) => Deno.readTextFile(new URL(name, PROJECT))));
  for (const text of scripts) assertEquals(/deno\b.*\s(-A\b|--allow-\w+(?!=|\w))/.test(text), false);
});

Deno.test("only the tasks that have to may write, run programs, reach the network or read outside the project", () => {
  assertEquals(granting("write"), {
    reproduce: "results,.cache",
    judge: "results,.cache",
    report: "results",
    generate: "results,.cache",
    evaluate: "results,.cache",
    distil: ".cache",
    export: "results,.cache",
    test: ".cache .cache",
    cell: "results,.cache",
  });
  assertEquals(granting("run"), {
    ...{ status: "squeue,scontrol,sacct", cancel: "squeue,scancel" },
    ...{
      reproduce: "deno,git",
      report: "git",
      diff: "git",
      fetch: "ln",
      evaluate: "git",
      distil: "git",
      export: "git",
    },
    test: "deno deno,git,ln,sh",
  });
  assertEquals(granting("net"), { test: "127.0.0.1" });
  for (const kind of ["ffi", "import"]) assertEquals(granting(kind), {});
  // What this machine is called among those that share a folder of results.
  const claiming = ["reproduce", "judge", "export", "cell", "generate", "evaluate", "distil"];
  const named = Object.fromEntries(claiming.map((task) => [task, "hostname"]));
  assertEquals(granting("sys"), {
    ...{
      ...named,
      reproduce: "hostname,systemMemoryInfo",
      fetch: "statfs",
      distil: "hostname,statfs,systemMemoryInfo",
      doctor: "systemMemoryInfo",
    },
    test: "hostname,statfs,systemMemoryInfo",
  });
  const reading = Object.entries(granting("read")).filter(([, value]) => value !== "." && value !== "experiments");
  assertEquals(reading, [["verify", ".,../shared/fixtures,../shared/data/tokenizers"], [
    "bench",
    "lib/tokenizers/testdata",
  ], ["test", ". .,../shared"]]);
  for (const [task, variables] of Object.entries(granting("env"))) {
    // Where git's configuration is, for the git that they run.
    const git = task === "diff" ? ",HOME,XDG_CONFIG_HOME,USERPROFILE,SUDO_UID,PATH,SystemRoot" : "";
    const judged = ",JUDGE_API_KEY";
    const models = `,HF_HOME,HF_HUB_CACHE,${FOLDERS}`;
    const both = `${models},XDG_CONFIG_HOME,SUDO_UID,PATH,SystemRoot`;
    const own: Record<string, string> = {
      ...{ judge: `${judged}${models}`, reproduce: `${judged}${both}`, cell: `${judged}${models}` },
      ...{ verify: models, generate: models, doctor: models, status: models, table: models, show: models },
      ...{ evaluate: both, distil: `,TEACHER_API_KEY${both}`, report: both, export: both },
      fetch: `,HF_HOME,HF_HUB_CACHE,HF_ENDPOINT,HF_TOKEN,HF_TOKEN_PATH,HF_HUB_OFFLINE,${FOLDERS}`,
    };
    const node = claiming.includes(task) ? "SLURMD_NODENAME," : "";
    const program = `INIT_CWD,${node}XDG_RUNTIME_DIR${own[task] ?? ""}${git}`;
    assertEquals(variables, task === "test" ? "INIT_CWD" : program, task);
  }
  // ./run's own second half: it looks for a driver, and may install one.
  const { read: _, ...launch } = SETS.launch;
  assertEquals(launch as unknown, {
    run: ["apt-get", "sudo"],
    sys: ["uid"],
    env: { allow: ["INIT_CWD", "VK_DRIVER_FILES", "VK_ICD_FILENAMES", ...HUB_VARIABLES], ignore: true },
  });
});

Deno.test("no task but fetch, judge and one that asks a teacher has the network, whatever its arguments and the environment say", () => {
  const env = (name: string) => name === "HF_ENDPOINT" ? "http://mirror.test:81/hub" : "/me";
  const netOf = (task: string, args: readonly string[]) =>
    grantsOf(task, args, { caller: "/", isFolder: () => true, env }).net;
  const judged = ["--set", "judge.url=http://h.test:8080/v1", "--set=judge.url=http://h.test:8080/v1"];
  const words = [...judged, "--files-from", "cdn.test", "org/name", "http://h.test/", "--files-from=cdn.test"];
  // Every flag of every command, with a host or an address as its value.
  const flags = COMMANDS.flatMap(({ flags }) => Object.keys(flags))
    .filter((name) => !["files-from", "teacher-endpoint"].includes(name));
  const hostile = flags.flatMap((name) => [[`--${name}`, "h.test:443"], [`--${name}=https://h.test/v1`]]);
  for (const others of [[], ["--", "https://h.test"], ...hostile]) {
    const reached = TASKS.map(({ task }) => [task, netOf(task, [...words, ...others])] as const);
    assertEquals(reached.filter(([, net]) => net !== undefined), [
      ["judge", ["h.test:8080"]],
      ["fetch", ["mirror.test:81", ...FILE_HOSTS, "cdn.test", "cdn.test"]],
    ], others.join(" "));
  }
  // Where pairs are to be judged, those who draw them ask the judge as well, and nobody else.
  const asking = TASKS.map(({ task }) => [task, netOf(task, ["--set", "preferences.oracle=judge", ...words])] as const);
  assertEquals(asking.filter(([task, net]) => net !== undefined && task !== "fetch"), [
    ...["reproduce", "judge", "cell"].map((task) => [task, ["h.test:8080"]] as [string, string[]]),
  ]);
  // A teacher is asked by the command that learns from it, and by no other.
  for (const place of [["--teacher-endpoint", "http://t.test:81/v1"], ["--teacher-endpoint=http://t.test:81/v1?k=1"]]) {
    const asked = TASKS.map(({ task }) => [task, netOf(task, place)] as const);
    assertEquals(asked.filter(([task, net]) => net !== undefined && task !== "fetch"), [["distil", ["t.test:81"]]]);
  }
  for (const place of ["t.test:81", "ftp://t.test", "http://me@t.test/v1", "http://a,b/v1", "http://*/v1", ""]) {
    assertEquals(netOf("distil", ["--teacher-endpoint", place]), undefined, place);
  }
  assertEquals(TASKS.filter(({ words }) => granted(words, "net") !== undefined).map(({ task }) => task), ["test"]);
});

Deno.test("every command is a task, and the tasks that run no command are those of development", () => {
  const commands = new Set(COMMANDS.map(({ name }) => name));
  assertEquals(TASKS.map(({ task }) => task).filter((task) => !commands.has(task)), ["test", "check", "ok"]);
  assertEquals([...commands].filter((name) => !TASKS.some(({ task }) => task === name)), []);
});

Deno.test("only the hub's client and that of endpoints reach for the network, and only fetch imports the hub's", async () => {
  const network =
    /(?<![.\w]|function |async )fetch\(|new (WebSocket|EventSource)|Deno\.(connect|listen|resolveDns|serve)|"node:(net|tls|https?|dns|dgram)"/;
  const client = /from "(#lib\/hub|\.\.\/hub)\/(client|download|requests|fetch_model)\.ts"/;
  const [reaching, importing]: string[][] = [[], []];
  for (const path of sourcesIn("lib", "kernels", "experiments")) {
    const text = await Deno.readTextFile(new URL(path, PROJECT));
    if (network.test(text)) reaching.push(path);
    if (client.test(text) && !path.startsWith("lib/hub/")) importing.push(path);
  }
  assertEquals(reaching, ["lib/endpoint/chat_endpoint.ts", "lib/hub/requests.ts"]);
  assertEquals(importing, ["lib/cli/fetch.ts", "lib/cli/fetch_progress.ts"]);
});

/** What the program is made of, its tests and what they use apart. */
function sourcesIn(...folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    [...Deno.readDirSync(new URL(folder, PROJECT))].flatMap(({ name, isDirectory }) => {
      if (isDirectory) return sourcesIn(`${folder}/${name}`);
      return /\.ts$/.test(name) && !/^test_|_test\.ts$/.test(name) ? [`${folder}/${name}`] : [];
    })
  ).sort();
}

Deno.test("a task that takes models may read those that are named, of the hub's cache, and no others", () => {
  const isFolder = (path: string) => path === "org/folder";
  const env = (name: string) => name === "HF_HOME" ? "/hf" : undefined;
  const { read, ...others } = grantsOf("verify", ["org/name@v1", "org/folder", "../x"], {
    caller: "/w",
    isFolder,
    env,
  });
  assertEquals(read, ["/w/org/name@v1", "/hf/hub/models--org--name", "/w/org/folder", "/w/../x"]);
  assertEquals(others, {});
  const adapted = grantsOf("generate", ["org/name+../x"], { caller: "/w", isFolder, env });
  assertEquals(adapted.read, ["/w/org/name+../x", "/w/org/name", "/hf/hub/models--org--name", "/w/../x"]);
});

Deno.test("generate may read its model and the file of prompts and write what --out names; a prompt is no path", () => {
  const env = (name: string) => name === "HF_HOME" ? "/hf" : undefined;
  const grants = (...args: string[]) => grantsOf("generate", args, { caller: "/w", isFolder: () => false, env });
  assertEquals(grants("org/name", "Once, upon a time", "--temperature", "0.7", "--chat"), {
    read: ["/w/org/name", "/hf/hub/models--org--name"],
  });
  assertEquals(
    grants("--top-p", ".9", "m", "--prompts", "p.txt", "--out=o.jsonl", "--results", "r", "--system", "a, b"),
    {
      read: ["/w/p.txt", "/w/r", "/w/m", "/hf/hub/models--m"],
      write: ["/w/o.jsonl", "/w/r"],
    },
  );
});

Deno.test("bench may keep the rates that estimates go by, of the shapes that they are of", () => {
  const grants = (...args: string[]) =>
    grantsOf("bench", args, { caller: "/w", isFolder: () => false, env: () => undefined });
  assertEquals(grants("--shapes", "gpt2"), { read: [".cache"], write: [".cache"] });
  assertEquals([grants(), grants("--shapes=gpt2_quick")], [{}, {}]);
});

Deno.test("a task that computes by a profile may read the checkpoints and the data that it names, and what --set names for them", () => {
  const env = (name: string) => name === "HF_HOME" ? "/hf" : undefined;
  const text = "teacher:\n  checkpoint: org/big # of org/others\nfiles: { train: MiniLLM/dolly/raw.jsonl }\n";
  const readProfile = (name: string) => name === "mine" ? text : undefined;
  const read = (task: string, ...args: string[]) =>
    grantsOf(task, args, { caller: "/w", isFolder: () => false, env, readProfile }).read ?? [];
  const hub = (...names: string[]) => names.flatMap((name) => [`/hf/hub/models--${name}`, `/hf/hub/datasets--${name}`]);
  const named = hub("org--big", "MiniLLM--dolly");
  for (const args of [["--profile", "mine"], ["mine"], ["--profile", "mine@some-gpu"], ["table_1", "--profile=mine"]]) {
    for (const task of ["reproduce", "cell", "status"]) assertEquals(read(task, ...args), named, `${task} ${args}`);
  }
  assertEquals(read("reproduce", "other"), []);
  assertEquals(read("fetch", "mine").includes(named[0]), false);
  for (const setting of ["teacher.checkpoint=org/small", "student={checkpoint: org/small, training: {steps: 1}}"]) {
    assertEquals(read("reproduce", "--set", setting), [
      "/w/org/small",
      "/hf/hub/models--org--small",
      ...hub("org--small"),
    ]);
  }
  assertEquals(read("reproduce", "--set", "judge.url=http://h.test/v1"), []);
});

Deno.test("data that may be a data set of the hub's cache may be read there, too", () => {
  const env = (name: string) => name === "HF_HOME" ? "/hf" : undefined;
  const read = (task: string, data: string) =>
    grantsOf(task, ["--data", data, "--out", "o"], { caller: "/w", isFolder: (path) => path === "a/folder", env }).read;
  for (const task of ["distil", "evaluate"]) {
    assertEquals(read(task, "org/data@v1"), ["/w/org/data@v1", "/hf/hub/datasets--org--data", "/w/o"]);
    assertEquals(read(task, "datasets/org/data"), ["/w/datasets/org/data", "/hf/hub/datasets--org--data", "/w/o"]);
    for (const path of ["a/folder", "data", "a/b.jsonl", "../x/y"]) {
      assertEquals(read(task, path), [`/w/${path}`, "/w/o"]);
    }
  }
  assertEquals(read("table", "org/data"), ["/w/org/data"]);
});

Deno.test("evaluate may read the model, the data and the results that are named, and write those and its own folder", () => {
  const args = ["org/name", "--data", "d", "--out=o", "--results", "r", "--limit", "5"];
  const env = (name: string) => name === "HF_HOME" ? "/hf" : undefined;
  const grants = grantsOf("evaluate", args, { caller: "/w", isFolder: () => false, env });
  assertEquals(grants, {
    read: ["/w/d", "/w/o", "/w/r", "/w/org/name", "/hf/hub/models--org--name"],
    write: ["/w/o", "/w/r"],
  });
});

Deno.test("distil may read its models and data, and write the student alone: where --out says, or in distilled", () => {
  const env = (name: string) => name === "HF_HOME" ? "/hf" : undefined;
  const grants = (...args: string[]) => grantsOf("distil", args, { caller: "/w", isFolder: () => false, env });
  const models = ["--teacher", "org/big", "--student=small"];
  assertEquals(grants(...models, "--data", "d.jsonl", "--out", "o", "--method", "kd", "--steps", "5"), {
    read: ["/w/d.jsonl", "/w/o", "/w/org/big", "/hf/hub/models--org--big", "/w/small", "/hf/hub/models--small"],
    write: ["/w/o"],
  });
  assertEquals(grants(...models, "--compare", "kd,seqkd").write, ["/w/distilled"]);
  assertEquals(grants("--teacher-texts", "t.jsonl", "--student", "s", "--data=d.jsonl", "--out=o").read, [
    ...["/w/t.jsonl", "/w/d.jsonl", "/w/o", "/w/s", "/hf/hub/models--s"],
  ]);
});

Deno.test("doctor may read the two models of --for, and nothing else", () => {
  const env = (name: string) => name === "HF_HOME" ? "/hf" : undefined;
  const grants = grantsOf("doctor", ["--for", "org/a@v1:../b", "--memory", "12"], {
    ...{ caller: "/w", isFolder: () => false, env },
  });
  assertEquals(grants, { read: ["/w/org/a@v1", "/hf/hub/models--org--a", "/w/../b"] });
  assertEquals(grantsOf("doctor", ["--memory", "12", "/etc"], { caller: "/w", isFolder: () => false, env }), {});
});

Deno.test("fetch is granted the hub's cache, the file of the token, and hosts alone", () => {
  const grants = (variables: Record<string, string>, ...args: string[]) =>
    grantsOf("fetch", args, { caller: "/here", isFolder: () => false, env: (name) => variables[name] });
  assertEquals(grants({ HOME: "/me/" }, "org/name"), {
    read: ["/me/.cache/huggingface/hub", "/me/.cache/huggingface/token"],
    write: ["/me/.cache/huggingface/hub"],
    net: ["huggingface.co:443", ...FILE_HOSTS],
  });
  assertEquals(grants({ HOME: "/me", HF_HOME: "~/hf", HF_HUB_CACHE: "models", HF_TOKEN_PATH: "/t" }).read, [
    ...["/here/models", "/t"],
  ]);
  assertEquals(grants({ HOME: "/me", HF_ENDPOINT: "ftp://h.test" }).net, [...FILE_HOSTS]);
  assertEquals(grants({}), {});
  for (const host of ["*", "h.test,*.org", "http://h.test", "h.test:80/x", "*.hf.co"]) {
    assertThrows(() => grants({ HOME: "/me" }, "--files-from", host), GrantError, "no host; name one");
  }
  assertThrows(() => grants({ HF_HOME: "/a,b" }), GrantError, "a path with a comma");
});
