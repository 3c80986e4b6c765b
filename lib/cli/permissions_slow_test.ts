import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { flagsOf, granted, TASKS } from "./test_tasks.ts";

const PROJECT = decodeURIComponent(new URL("../../", import.meta.url).pathname);
/** The tasks that run the program. */
const PROGRAM_TASKS = TASKS.filter(({ words }) => words.includes("experiments/main.ts"));

/** The words of a task's command after `deno`. */
function wordsOf(name: string): readonly string[] {
  return TASKS.find(({ task }) => task === name)!.words.slice(1);
}

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function output(command: string, args: readonly string[], cwd: string): Promise<Outcome> {
  const env = { INIT_CWD: cwd, NO_COLOR: "1" };
  const { code, stdout, stderr } = await new Deno.Command(command, { args: [...args], cwd, env, stdin: "null" })
    .output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

/** Runs a task's command with all its permissions but that of one kind, if one is named. */
function runWithout(kind: string | undefined, task: string, args: readonly string[]): Promise<Outcome> {
  const words = wordsOf(task);
  if (kind === undefined) return output("deno", [...words, ...args], PROJECT);
  assert(granted(words, kind) !== undefined, `${task} has no permission ${kind} to take away`);
  const kept = words.flatMap((word) => word.startsWith("-P=") ? flagsOf(words, kind) : [word]);
  return output("deno", [...kept, ...args], PROJECT);
}

/** That the program ended with a line, and no stack trace, that says what it has no permission to do, and the remedy. */
function assertRefused({ code, out, err }: Outcome, deed: string) {
  assert(code !== 0, `${out}${err}`);
  const errors = err.split("\n").filter((line) => /^error: |^ +at /.test(line));
  assertEquals(errors, [err.trimEnd().split("\n").at(-1)]);
  assertStringIncludes(errors[0], `error: this process has no permission to ${deed}`);
  assertMatch(errors[0], /; run instead: \.\/run \w/);
}

/** Gives a test a folder that tasks may write by themselves, with the results of a run that takes a moment. */
async function withResults(fn: (results: string) => Promise<void>): Promise<void> {
  await Deno.mkdir(`${PROJECT}.cache`, { recursive: true });
  const results = await Deno.makeTempDir({ dir: `${PROJECT}.cache` });
  try {
    const { code, err } = await runWithout(undefined, "reproduce", [...CELL, "--results", results, "--quiet"]);
    assertEquals(code, 0, err);
    await fn(results);
  } finally {
    await Deno.remove(results, { recursive: true });
  }
}

/** Gives a test a folder outside the project, made by the shell: the tests themselves may not write there. */
async function withFolderElsewhere(fn: (elsewhere: string) => Promise<void>): Promise<void> {
  const shell = (command: string, ...words: string[]) => output("sh", ["-c", command, "sh", ...words], PROJECT);
  const elsewhere = (await shell("unset TMPDIR && mktemp -d")).out.trim();
  assert(elsewhere.startsWith("/") && !elsewhere.startsWith(PROJECT), elsewhere);
  try {
    await fn(elsewhere);
  } finally {
    await shell('rm -rf -- "$1"', elsewhere);
  }
}

const PROFILE = ["--profile", "smoke"];
const CELL = ["imitation_gap", ...PROFILE, "--methods", "distance_0", "--seeds", "10"];
const CHECKPOINT = "lib/verification/fixtures/gpt2";
const STORIES = "lib/tokenizers/testdata/stories260K";

/** What ./run grants beside the set: report writes to the project without it, judge and fetch reach nobody. */
const NEEDS_RUN = ["report", "judge", "fetch"];

/** Arguments that give each task work that takes a moment. */
function argumentsOf(task: string, results: string): readonly string[] {
  switch (task) {
    case "reproduce":
      return [...CELL, "--force", "--quiet", "--results", results];
    case "cell":
      return ["imitation_gap/distance_0/10", ...PROFILE, "--results", results];
    case "show":
      return ["imitation_gap/distance_0/10", ...PROFILE, "--results", results];
    case "cancel":
      return ["--results", results];
    case "table":
    case "status":
      return ["imitation_gap", ...PROFILE, "--results", results];
    case "diff":
      return ["HEAD", "HEAD"];
    case "report":
      return [...PROFILE, "--results", results];
    case "export":
      return ["instruction_following/sft/10", `${results}/${crypto.randomUUID()}`, ...PROFILE, "--results", results];
    case "judge":
      return ["--set", "judge.url=http://h.test:8080/v1", "--set", "judge.model=m", ...PROFILE, "--results", results];
    case "verify":
      return [CHECKPOINT];
    case "evaluate":
      return [STORIES, "--data", `${STORIES}/LICENSE.txt`, "--out", `${results}/${crypto.randomUUID()}`];
    case "distil":
      return [
        ...["--teacher", STORIES, "--student", STORIES, "--data", "lib/distillation/testdata", "--teacher-is-tuned"],
        ...["--steps", "1", "--sft-steps", "0", "--max-new-tokens", "26", "--method", "kd"],
        ...["--set", "data.itemsPerSet=1", "--out", `${results}/${crypto.randomUUID()}`, "--quiet"],
      ];
    case "doctor":
      return ["--for", `${STORIES}:${STORIES}`];
    case "fetch":
      return ["org/name"];
    case "generate":
      return ["instruction_following/sft/10", "Hello", ...PROFILE, "--results", results];
    case "bench":
      return ["generate/stories260K"];
    default:
      return [];
  }
}

Deno.test("with its permissions a task does its work; without any one of them it is refused and tells the remedy", async (t) => {
  const deeds: Record<string, string> = { read: "read ", write: "write to ", run: "run git; " };
  await withResults(async (results) => {
    for (const { task, words } of PROGRAM_TASKS) {
      const args = argumentsOf(task, results);
      await t.step(task, async () => {
        if (!NEEDS_RUN.includes(task)) {
          const { code, err } = await runWithout(undefined, task, args);
          assertEquals(code, 0, err);
        }
        // Without Slurm's programs a command says that there is none.
        const kinds = Object.keys(deeds).filter((kind) =>
          kind === "run" ? granted(words, kind)?.includes("git") : granted(words, kind) !== undefined
        );
        // Without their hosts judge and fetch do not come to write.
        for (const kind of kinds.filter((kind) => !["judge", "fetch"].includes(task) || kind === "read")) {
          assertRefused(await runWithout(kind, task, argumentsOf(task, results)), deeds[kind]);
        }
      });
    }
  });
});

Deno.test("cells side by side need no further permission", async () => {
  await withResults(async (results) => {
    const cells = ["imitation_gap", ...PROFILE, "--methods", "distance_0.125,distance_1", "--seeds", "10"];
    const { code, err } = await runWithout(undefined, "reproduce", [...cells, "--jobs", "2", "--results", results]);
    assertEquals(code, 0, err);
    assertMatch(err, /^cached 0\/2, ran 2$/m);
  });
});

const ignore = Deno.build.os === "windows";
Deno.test("a folder outside the project is refused to a task by itself, and granted by ./run where it is named", {
  ignore,
}, async (t) => {
  await withResults((results) =>
    withFolderElsewhere(async (elsewhere) => {
      // Named with a space, from where the user calls.
      const copy = 'cp -R -- "$1" "$3/a copy" && cp -R -- "$2" "$3/gpt2"';
      await output("sh", ["-c", copy, "sh", results, PROJECT + CHECKPOINT, elsewhere], PROJECT);
      const config = `${PROJECT}deno.json`;
      for (
        const [task, ...args] of [
          ["reproduce", ...CELL, "--force", "--quiet", "--results", "a copy"],
          ["table", "imitation_gap", ...PROFILE, "--results=a copy"],
          ["status", "imitation_gap", ...PROFILE, "--results", "a copy"],
          ["show", "imitation_gap/distance_0/10", ...PROFILE, "--results", "a copy"],
          ["diff", "a copy", "./a copy"],
          ["report", ...PROFILE, "--results", "a copy"],
          ["verify", "gpt2"],
        ]
      ) {
        await t.step(task, async () => {
          const alone = await output("deno", ["task", "--quiet", "--config", config, task, ...args], elsewhere);
          assertRefused(alone, "read ");
          const { code, err } = await output("sh", [`${PROJECT}run`, task, ...args], elsewhere);
          assertEquals(code, 0, err);
        });
      }
    })
  );
});

Deno.test("a folder that may be read only is not written", { ignore }, async () => {
  await withFolderElsewhere(async (elsewhere) => {
    const args = [
      "run",
      `--allow-read=.,${elsewhere}`,
      ...wordsOf("reproduce").slice(1),
      ...CELL,
      "--results",
      elsewhere,
    ];
    assertRefused(await output("deno", args, PROJECT), "write to ");
  });
});

Deno.test("a judge's host is refused to a task by itself", async () => {
  await withResults(async (results) => {
    const { code, err } = await runWithout(undefined, "judge", argumentsOf("judge", results));
    const refusal = "judge\\.url is at h\\.test:8080, which this process may not reach; run instead: \\./run judge ";
    assertEquals(code, 2);
    assertMatch(err, new RegExp(`(^|\\n)error: ${refusal}[^\\n]*\\n$`));
  });
});
