import { assertEquals } from "@std/assert";
import { HELP, TASK_NAMES } from "./help.ts";
import { granted, SETS, setsOf, TASKS } from "./test_tasks.ts";

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
    export: "results,.cache",
    test: ".cache .cache",
    cell: "results,.cache",
  });
  assertEquals(granting("run"), {
    ...{ status: "squeue,scontrol,sacct", cancel: "squeue,scancel" },
    ...{ reproduce: "deno,git", report: "git", diff: "git", export: "git", test: "deno deno,git,sh" },
  });
  assertEquals(granting("net"), { test: "127.0.0.1" });
  for (const kind of ["ffi", "import"]) assertEquals(granting(kind), {});
  // What this machine is called among those that share a folder of results.
  const claiming = ["reproduce", "judge", "export", "cell"];
  const named = Object.fromEntries(claiming.map((task) => [task, "hostname"]));
  assertEquals(granting("sys"), { ...named, test: "hostname" });
  const reading = Object.entries(granting("read")).filter(([, value]) => value !== "." && value !== "experiments");
  assertEquals(reading, [["verify", ".,../shared/fixtures"], ["test", ". .,../shared"]]);
  for (const [task, variables] of Object.entries(granting("env"))) {
    // Where git's configuration is, for the git that they run.
    const git = ["reproduce", "diff", "report", "export"].includes(task)
      ? ",HOME,XDG_CONFIG_HOME,USERPROFILE,SUDO_UID,PATH,SystemRoot"
      : "";
    const program = `INIT_CWD,${claiming.includes(task) ? "SLURMD_NODENAME," : ""}XDG_RUNTIME_DIR${
      ["reproduce", "judge", "cell"].includes(task) ? ",JUDGE_API_KEY" : ""
    }${git}`;
    assertEquals(variables, task === "test" ? "INIT_CWD" : program, task);
  }
  // ./run's own second half: it looks for a driver, and may install one.
  const { read: _, ...launch } = SETS.launch;
  assertEquals(launch as unknown, {
    run: ["apt-get", "sudo"],
    sys: ["uid"],
    env: { allow: ["INIT_CWD", "VK_DRIVER_FILES", "VK_ICD_FILENAMES"], ignore: true },
  });
});
