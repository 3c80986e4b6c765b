import { assert, assertEquals, assertMatch } from "@std/assert";
import { STORIES, writeSmallStudent } from "./test_distillation.ts";
import { runProgram, testInFolder } from "./test_run.ts";

/** What a test gives profile `smoke` in the place of its models: checkpoints, and few steps of short texts. */
function settingsOf(teacher: string, student: string): Record<string, string> {
  return {
    teacher: `{checkpoint: ${teacher}, training: {steps: 0, learningRate: 1e-3, warmupSteps: 0}, seed: 1}`,
    student: `{checkpoint: ${student}, training: {steps: 4, learningRate: 1e-3, warmupSteps: 0}}`,
    "distillation.steps": "4",
    "data.itemsPerSet": "4",
    "data.maxPromptTokens": "256",
    "data.maxNewTokens": "12",
    "evaluation.heldOut": "loss",
  };
}

function argumentsOf(folder: string, settings: Readonly<Record<string, string>>, ...more: readonly string[]): string[] {
  return [
    ...[
      "reproduce",
      "instruction_following",
      "--profile",
      "smoke",
      "--methods",
      "teacher,sft,kd,ammd",
      "--seeds",
      "10",
    ],
    ...Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]),
    ...["--results", `${folder}/results`, "--quiet", ...more],
  ];
}

testInFolder(
  "checkpoints take the place of models of sizes: the table comes out, and is kept by their files",
  async (folder) => {
    const student = await writeSmallStudent(`${folder}/student`);
    const { status, printed, reported } = await runProgram(...argumentsOf(folder, settingsOf(STORIES, student)));
    assertEquals(status, 0, reported);
    for (const row of ["Teacher", "SFT", "KD", "AMMD"]) {
      assertMatch(
        printed,
        new RegExp(`^\\| ${row} +\\| +\\S*\\d`, "m"),
      );
    }
    assertMatch(reported, /cached 0\/4, ran 4/);
    const profile = argumentsOf(folder, settingsOf(STORIES, student)).filter((arg, i, all) =>
      ["--profile", "--set", "--results", "--quiet"].some((flag) =>
        flag === arg || (flag !== "--quiet" && flag === all[i - 1])
      )
    );
    const exported = await runProgram("export", "instruction_following/kd/10", `${folder}/kd`, ...profile);
    assertMatch(exported.reported, /All \d+ scores equal those recorded/);
    const written = await runProgram("generate", `${folder}/kd`, "Once", "--max-new-tokens", "4");
    assertEquals(written.status, 0, written.reported);
    const published = await runProgram("export", "instruction_following/teacher/10", `${folder}/none`, ...profile);
    assertMatch(published.reported, /teacher\/10: its model is folder \w+ as it is; there is nothing to export/);
    // The same files somewhere else are the same models; other files are not.
    const copied = await writeSmallStudent(`${folder}/elsewhere/student`);
    const again = await runProgram(...argumentsOf(folder, settingsOf(STORIES, copied), "--dry-run"));
    assertMatch(again.printed, /instruction_following: cached 4\/4/);
    const config = JSON.parse(await Deno.readTextFile(`${copied}/config.json`));
    await Deno.writeTextFile(`${copied}/config.json`, JSON.stringify({ ...config, num_hidden_layers: 2 }));
    const changed = await runProgram(...argumentsOf(folder, settingsOf(STORIES, copied), "--dry-run"));
    assertMatch(changed.printed, /cached 1\/4, to run 3.*\n.*stale: student\.checkpoint "folder \w+" → "folder \w+"/);
  },
);

testInFolder("what a profile of checkpoints cannot be run with is one line", async (folder) => {
  const student = await writeSmallStudent(`${folder}/student`);
  const cases: [settings: Record<string, string>, message: RegExp][] = [
    [
      { "data.maxNewTokens": "600" },
      /prompts of 256 and responses of 600 tokens are more than the 512 that the checkpoints read/,
    ],
    [{ "data.longPrompts": "truncate" }, /data\.longPrompts is truncate: prompts of checkpoints are left out whole/],
    [{ "data.maxPromptTokens": "2" }, /train: all \d+ prompts are left out, .* raise data\.maxPromptTokens/],
    [{ "teacher.form": "int4" }, /teacher\.form is "int4"; expected one of/],
    [{ "student.checkpoint": "./nowhere" }, /student\.checkpoint: \.\/nowhere: no such folder/],
  ];
  for (const [settings, message] of cases) {
    const { status, reported } = await runProgram(
      ...argumentsOf(folder, { ...settingsOf(STORIES, student), ...settings }),
    );
    assert(status !== 0 && message.test(reported.trimEnd().split("\n").at(-1)!), reported);
  }
});

Deno.test("--dry-run plans models that are not here by their published shapes, and says what is over the limits", async () => {
  const { status, printed } = await runProgram("reproduce", "--profile", "gpt2", "--dry-run");
  assertEquals(status, 0, printed);
  assertMatch(printed, /^gpt2_instruction_following: cached 0\/17, to run 17/);
  assertMatch(printed, /MiniLLM\/teacher-gpt2-1\.5B into openai-community\/gpt2, a step of 32 texts of 512 tokens:/);
  assertMatch(printed, /^ {2}training \w+ needs \d+(\.\d)? GB.*: .* GB, …; it (fits|does not fit.*)$/m);
  const json = await runProgram("reproduce", "--profile", "openllama", "--dry-run", "--json");
  const { pairs, named } = JSON.parse(json.printed);
  assertMatch(
    pairs[0].fits.map(({ what }: { what: string }) => what).join(),
    /^training the teacher,training \w+$/,
  );
  assertEquals(
    named.filter(({ kind }: { kind: string }) => kind === "model").map(({ word }: { word: string }) => word),
    [
      "openlm-research/open_llama_7b_v2",
      "openlm-research/open_llama_3b_v2",
    ],
  );
  const other = await runProgram(
    "reproduce",
    "--profile",
    "gpt2",
    "--set",
    "student.checkpoint=org/other",
    "--dry-run",
  );
  assertMatch(other.printed, /what org\/other needs is not known before its config\.json is here/);
  const unasked = await runProgram("reproduce", "--profile", "gpt2", "--json");
  assertMatch(unasked.reported, /--json is for --dry-run/);
});
