import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { formatSummary, judgeProcess, parseSuiteArgs, selectTestFiles, sumCounts } from "./test_suite.ts";

const PROJECT = decodeURIComponent(new URL("../", import.meta.url).pathname);
const ignore = Deno.build.os === "windows";

Deno.test("the quick group is run unless another is asked for, and of paths every test", () => {
  const groupOf = (...args: string[]) => parseSuiteArgs(args, 2).group;
  assertEquals([groupOf(), groupOf("--slow"), groupOf("--all")], ["quick", "slow", "all"]);
  assertEquals([groupOf("lib"), groupOf("--slow", "lib")], ["all", "slow"]);
  const given = parseSuiteArgs(["lib", "--filter", "a b", "7", "--", "--update"], 2);
  assertEquals(given, {
    group: "all",
    paths: ["lib", "7"],
    jobs: 2,
    options: ["--filter=a b"],
    testArgs: ["--update"],
  });
  assertEquals([parseSuiteArgs([], 64).jobs, parseSuiteArgs(["--jobs", "12"], 64).jobs], [8, 12]);
});

Deno.test("wrong arguments are refused in a line", () => {
  for (const args of [["--al"], ["-x"], ["--all", "--slow"], ["--jobs", "0"], ["--jobs", "many"], ["--jobs="]]) {
    const { message } = assertThrows(() => parseSuiteArgs(args, 2), InputError);
    assertEquals(message.includes("\n"), false, message);
  }
});

Deno.test("quick files are run from the lowest floor up, then slow ones from the highest down", () => {
  const files = [
    ...["experiments/a_test.ts", "lib/b_slow_test.ts", "lib/a/c_test.ts", "tools/d_test.ts", "kernels/e/e_test.ts"],
    ...["kernels/e/e.ts", "lib/test_folder.ts", "lib/a/b_test.wgsl", "experiments/f_slow_test.ts"],
  ];
  const quick = ["kernels/e/e_test.ts", "lib/a/c_test.ts", "tools/d_test.ts", "experiments/a_test.ts"];
  assertEquals(selectTestFiles(files, "quick"), quick);
  const slow = ["experiments/f_slow_test.ts", "lib/b_slow_test.ts"];
  assertEquals(selectTestFiles(files, "slow"), slow);
  assertEquals(selectTestFiles(files, "all"), [...quick, ...slow]);
});

Deno.test("a process is judged by its last summary and its status", () => {
  const ok = "ok | 3 passed (2 steps) | 0 failed | 1 ignored (5ms)\n";
  const counts = { passed: 3, failed: 0, ignored: 1 };
  assertEquals(judgeProcess(0, `ok | 9 passed | 0 failed (1s)\n\n${ok}\n`), { counts });
  const failed = "FAILED | 1 passed | 2 failed (1 step) | 3 filtered out (1s)\n";
  assertEquals(judgeProcess(1, failed), { counts: { passed: 1, failed: 2, ignored: 0 } });
  // A test that prints such a line within others says nothing.
  assertEquals(judgeProcess(1, `x ${ok}`).counts, { passed: 0, failed: 1, ignored: 0 });
});

Deno.test("a process that ends badly counts as a failed test, unless the driver aborts it after its tests", () => {
  const ok = "ok | 3 passed | 0 failed (5ms)\n";
  for (const status of [134, 139]) {
    assertEquals(judgeProcess(status, ok).counts, { passed: 3, failed: 0, ignored: 0 });
    assertMatch(judgeProcess(status, ok).note!, /aborted at its exit/);
    assertEquals(judgeProcess(status, "running 3 tests\n").counts, { passed: 0, failed: 1, ignored: 0 });
  }
  for (const status of [1, 137]) assertEquals(judgeProcess(status, ok).counts.failed, 1);
});

Deno.test("counts of files add up to one line, as Deno's own", () => {
  const sum = sumCounts([{ passed: 2, failed: 0, ignored: 1 }, { passed: 3, failed: 1, ignored: 0 }]);
  assertEquals(formatSummary(sum, 61.4), "FAILED | 5 passed | 1 failed | 1 ignored (1m1s)");
  assertEquals(formatSummary(sumCounts([]), 0.4), "ok | 0 passed | 0 failed (0s)");
});

/** Runs `./run test` on this file's folder with a shell command in place of `deno test`; `$1` is the file. */
async function runSuite(command: string, ...args: string[]) {
  const permissions = ["--allow-read=.", "--allow-write=.cache", "--allow-run=sh", "--ignore-env", "--no-check"];
  const words = ["run", "--quiet", ...permissions, "tools/run_tests.ts", "sh", "-c", command, "sh", "--", ...args];
  const { code, stdout, stderr } = await new Deno.Command("deno", { args: words, cwd: PROJECT }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out, err };
}

Deno.test("failures are shown whole, the files that failed named, and one summary ends it", { ignore }, async () => {
  const command = `
    case $1 in
      tools/extract_tasks_test.ts) printf 'why it\nfailed\nFAILED | 1 passed | 1 failed (1s)\n'; exit 1 ;;
      *) printf 'many words\nno disk ... ignored (0ms)\nok | 2 passed | 0 failed | 1 ignored (1s)\n' ;;
    esac`;
  const files = ["tools/extract_tasks_test.ts", "tools/extract_wordnet_test.ts", "tools/test_suite_test.ts"];
  const { code, out, err } = await runSuite(command, "--all", "--jobs", "3");
  assertEquals([code, err], [1, ""]);
  for (const file of files) assertEquals(out.split(`${file} ... `).length, 2, file);
  assertMatch(
    out,
    /^tools\/extract_tasks_test\.ts \.\.\. FAILED \| 1 passed \| 1 failed \(\d+s\)\n {2}why it\n {2}failed$/m,
  );
  assertMatch(out, /^tools\/extract_wordnet_test\.ts \.\.\. ok .*\n {2}no disk \.\.\. ignored \(0ms\)$/m);
  assertEquals(out.includes("many words"), false);
  const [, passed] = out.match(
    /\n\nfailed:\n {2}tools\/extract_tasks_test\.ts\n\nFAILED \| (\d+) passed \| 1 failed \| \d+ ignored \(\d+s\)\n$/,
  )!;
  assert(Number(passed) % 2 === 1 && Number(passed) > 300, passed);
});

Deno.test(
  "of files that are named all is shown; a place without tests is refused, with status 2",
  { ignore },
  async () => {
    const command = `printf '%s\nok | 2 passed | 0 failed (1s)\n' "$*"; kill -ABRT $$`;
    const { code, out, err } = await runSuite(command, "tools/test_suite_test.ts", "--", "--update");
    assertEquals([code, err], [0, ""]);
    assertMatch(
      out,
      /^tools\/test_suite_test\.ts \.\.\. ok .*\nthe process aborted [^\n]+ 134\n {2}tools\/test_suite_test\.ts -- --update\n {2}ok .*\n\nok \| 2 passed \| 0 failed \(\d+s\)\n$/,
    );
    for (const path of ["tools/std", "tools/test_suite.ts", "nowhere", "/"]) {
      const { code, out, err } = await runSuite(command, "tools/extract_tasks_test.ts", path);
      assertEquals([code, out], [2, ""]);
      assertEquals(err, `error: ${path}: no file of tests (*_test.ts) of this project is there\n`);
    }
  },
);
