import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { wordsOf } from "./programs.ts";
import { describeEnd, parseAccounts, parseJobs } from "./queue.ts";

Deno.test("how tasks ended is read from Slurm's accounts", () => {
  const tasks = parseAccounts(
    "7_1|COMPLETED|0:0|None\n7_2|CANCELLED by 1000|0:15|\n9|OUT_OF_MEMORY|0:125|OutOfMemory\n",
  );
  assertEquals([...tasks], [
    ["7_1", { state: "COMPLETED", exit: "0:0", reason: "" }],
    ["7_2", { state: "CANCELLED", exit: "0:15", reason: "" }],
    ["9", { state: "OUT_OF_MEMORY", exit: "0:125", reason: "OutOfMemory" }],
  ]);
});

Deno.test("or from its memory, where tasks that never began are one entry", () => {
  const tasks = parseJobs(
    "JobId=4 ArrayJobId=1 ArrayTaskId=2 JobName=a JobState=FAILED Reason=NonZeroExitCode ExitCode=1:0 NodeList=n1\n" +
      "JobId=1 ArrayJobId=1 ArrayTaskId=3-4,7%2 JobName=a JobState=CANCELLED Reason=None ExitCode=0:0\n" +
      "JobId=9 JobName=tables JobState=COMPLETED Reason=None ExitCode=0:0\n\n",
  );
  assertEquals([...tasks.keys()], ["1_2", "1_3", "1_4", "1_7", "9"]);
  assertEquals(tasks.get("1_2"), { state: "FAILED", exit: "1:0", reason: "NonZeroExitCode" });
});

Deno.test("the end of a task is said in words, with what to do about it", () => {
  const end = (state: string, exit = "0:0", reason = "", told?: number) => describeEnd({ state, exit, reason }, told);
  assertMatch(end("OUT_OF_MEMORY", "0:125"), /^out of memory; .*--mem/);
  assertMatch(end("TIMEOUT"), /^time limit; the same command goes on from the last checkpoint$/);
  assertEquals(end("NODE_FAIL"), "its node failed");
  assertEquals(end("CANCELLED"), "cancelled");
  assertEquals(end("CANCELLED", "0:0", "DependencyNeverSatisfied"), "what it waited for failed");
  assertEquals(end("FAILED", "2:0", "NonZeroExitCode"), "ended with status 2");
  assertEquals(end("FAILED", "0:9", "RaisedSignal:9(Killed)"), "killed by signal 9 (RaisedSignal:9(Killed))");
  assertEquals(end("FAILED", "137:0", "NonZeroExitCode"), "killed by signal 9");
  for (const [exit, told] of [["0:53", undefined], ["65:0", undefined], ["0:0", 65]] as const) {
    assertMatch(
      end("FAILED", exit, "", told),
      /sees no such folder, or may not write there; project and results must lie/,
    );
  }
  assertEquals(describeEnd(undefined, 1), "ended with status 1");
  assertMatch(describeEnd(undefined, undefined), /^lost: /);
});

Deno.test("arguments for Slurm are split as a shell does", () => {
  assertEquals(wordsOf(` --gres=gpu:1  --comment="two words" --mail-user='a b' x\\ y "a\\"b"`), [
    ...["--gres=gpu:1", "--comment=two words", "--mail-user=a b", "x y", 'a"b'],
  ]);
  assertEquals(wordsOf(""), []);
  assertThrows(() => wordsOf("--comment='two"), InputError, "a quote is not closed");
});
