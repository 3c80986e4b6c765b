import { assertEquals } from "@std/assert";
import { workerArguments } from "./worker_command.ts";

const PROJECT = new URL("../../", import.meta.url);
const COMMAND = {
  program: new URL("experiments/main.ts", PROJECT).href,
  resultsFolder: ".cache/results",
  profileName: "smoke",
  otherArguments: ["--profile", "smoke", "--results", ".cache/results"],
  checkpointSeconds: 30,
};

const permissionsOf = (command: typeof COMMAND) =>
  workerArguments(command).filter((word) => word.startsWith("--allow"));

Deno.test({
  name: "a worker has what a cell needs: it writes no results, runs nothing, and reaches no network",
  permissions: { read: ["."], write: [".cache"], run: ["git"], net: ["127.0.0.1"] },
  fn() {
    assertEquals(permissionsOf(COMMAND), [
      `--allow-read=${decodeURIComponent(PROJECT.pathname)}`,
      "--allow-read=.cache",
      "--allow-read=.cache/results",
      "--allow-write=.cache/results/.state",
      "--allow-write=.cache",
    ]);
  },
});

Deno.test({
  name: "a worker has no permission that its run has not",
  permissions: { read: [".cache"], write: [".cache/results"] },
  fn() {
    assertEquals(permissionsOf(COMMAND), [
      "--allow-read=.cache",
      "--allow-read=.cache/results",
      "--allow-write=.cache/results/.state",
    ]);
  },
});

Deno.test({
  name: "a worker may read the file of preference pairs that its run may",
  permissions: { read: [".cache", "lib/preferences"] },
  fn() {
    const readBy = (file: string) =>
      permissionsOf({ ...COMMAND, otherArguments: ["--preferences", file] }).includes(`--allow-read=${file}`);
    assertEquals([readBy("lib/preferences/pairs.jsonl"), readBy("lib/judge/pairs.jsonl")], [true, false]);
  },
});

Deno.test({
  name: "a worker may reach the judge that its run may, and no other",
  permissions: { read: [".cache"], net: ["127.0.0.1"] },
  fn() {
    const judged = (judgeUrl: string) => permissionsOf({ ...COMMAND, ...{ judgeUrl } });
    const none = permissionsOf(COMMAND);
    assertEquals(judged("http://127.0.0.1:8080/v1"), [...none, "--allow-net=127.0.0.1:8080"]);
    assertEquals(judged("https://127.0.0.1/v1"), [...none, "--allow-net=127.0.0.1:443"]);
    for (const url of ["", "http://localhost:8080/v1"]) assertEquals(judged(url), none);
  },
});

Deno.test("a worker is told what else was asked for", () => {
  const words = workerArguments(COMMAND);
  assertEquals(words.slice(words.indexOf(COMMAND.program)), [
    COMMAND.program,
    "cell",
    ...COMMAND.otherArguments,
    "--checkpoint-every",
    "30",
  ]);
});
