import { assertEquals } from "@std/assert";
import { granted, TASKS } from "./test_tasks.ts";

const PROJECT = new URL("../../", import.meta.url);

/** Each task that has a permission, with what it may do by it. */
function granting(kind: string): Record<string, string> {
  const all = TASKS.map(({ task, words }) => [task, granted(words, kind)]);
  return Object.fromEntries(all.filter(([, value]) => value !== undefined));
}

Deno.test("no task has a permission without saying for what, and none asks for more or reads the environment unasked", async () => {
  for (const { task, words } of TASKS) {
    const bare = words.filter((word) =>
      /^-\w*[ARWNESI]|^--allow-(?!\w+=.)|^--allow-\w+=[^=]*\*|^--unstable/.test(word)
    );
    assertEquals(bare, [], task);
    const runs = words.filter((word, i) => words[i - 1] === "deno" && (word === "run" || word === "test"));
    for (const flag of ["--no-prompt", "--ignore-env"]) {
      assertEquals(words.filter((word) => word === flag).length, runs.length, `${task}: ${flag}`);
    }
  }
  const scripts = await Promise.all(["run", ".ci/run"].map((name) => Deno.readTextFile(new URL(name, PROJECT))));
  for (const text of scripts) assertEquals(/deno\b.*\s(-A\b|--allow-\w+(?!=|\w))/.test(text), false);
});

Deno.test("only the tasks that have to may write, run programs, reach the network or read outside the project", () => {
  assertEquals(granting("write"), {
    reproduce: "results,.cache",
    cell: "results,.cache",
    report: "results",
    test: ".cache .cache",
  });
  assertEquals(granting("run"), { reproduce: "deno,git", diff: "git", report: "git", test: "deno deno,git,sh" });
  assertEquals(granting("net"), { test: "127.0.0.1" });
  for (const kind of ["ffi", "sys", "import"]) assertEquals(granting(kind), {});
  const reading = Object.entries(granting("read")).filter(([, value]) => value !== "." && value !== "experiments");
  assertEquals(reading, [["test", ". .,../shared"]]);
  for (const [task, variables] of Object.entries(granting("env"))) {
    // Where git's configuration is, for the git that they run.
    const git = ["reproduce", "diff", "report"].includes(task)
      ? ",HOME,XDG_CONFIG_HOME,USERPROFILE,SUDO_UID,PATH,SystemRoot"
      : "";
    const program = `INIT_CWD,XDG_RUNTIME_DIR${git}${["reproduce", "cell"].includes(task) ? ",JUDGE_API_KEY" : ""}`;
    assertEquals(variables, task === "test" ? "INIT_CWD" : program, task);
  }
});
