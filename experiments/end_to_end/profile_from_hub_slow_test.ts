import { assertEquals, assertMatch } from "@std/assert";
import { cannotRunScript, runTask } from "#lib/cli/test_run_script.ts";
import { TestHubServer } from "#lib/hub/test_hub_server.ts";
import { STORIES } from "./test_distillation.ts";
import { testInFolder } from "./test_run.ts";

const MODEL_FILES = ["config.json", "model.safetensors", "tokenizer.model", "tokenizer_config.json"];

function filesOf(folder: string): Record<string, Uint8Array<ArrayBuffer>> {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => MODEL_FILES.includes(name));
  return Object.fromEntries(names.map((name) => [name, Deno.readFileSync(`${folder}/${name}`)]));
}

/** Records of instructions in a line each. */
function records(count: number, what: string): string {
  return Array.from(
    { length: count },
    (_, i) =>
      `${JSON.stringify({ instruction: `Tell of ${what} ${i}.`, input: "", output: `The ${what} was happy.` })}\n`,
  ).join("");
}

/** The sets that profile gpt2 names, with a few records each. */
const DATA = {
  "datasets/MiniLLM/dolly": { files: { "raw.jsonl": records(24, "cat"), "valid.jsonl": records(3, "dog") } },
  "datasets/MiniLLM/self-inst": { files: { "valid.jsonl": records(3, "hen") } },
  "datasets/MiniLLM/Vicuna": { files: { "valid.jsonl": records(3, "cow") } },
  "datasets/MiniLLM/sinst": { files: { "0_2/valid.jsonl": records(3, "ant"), "11_/valid.jsonl": records(3, "fox") } },
  "datasets/MiniLLM/uinst": { files: { "11_/valid.jsonl": records(3, "owl") } },
};

testInFolder(
  "profile gpt2 says what it needs, is refused where that is missing, and runs with stand-ins from a hub",
  async (home) => {
    const model = { files: filesOf(STORIES) };
    await using hub = new TestHubServer({
      ...DATA,
      "org/teacher": model,
      "org/student": model,
    });
    const env = { HF_ENDPOINT: hub.endpoint, HF_HOME: home };
    const settings = {
      ...{ "teacher.checkpoint": "org/teacher", "student.checkpoint": "org/student", "student.training.steps": 2 },
      ...{ "distillation.steps": 2, "distillation.teacherTexts": 4, "optimizer.batchSize": 4, "data.maxNewTokens": 8 },
      ...{ "data.files.validationRecords": 4, "data.itemsPerSet": 2, "evaluation.samplingSeeds": "[10]" },
    };
    const args = [
      ...["reproduce", "gpt2_instruction_following", "--profile", "gpt2", "--methods", "teacher,sft,kd"],
      ...[
        "--results",
        `${home}/results`,
        ...Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]),
      ],
    ];
    const published = await runTask(["reproduce", "--profile", "gpt2", "--dry-run"], env);
    assertEquals(published.code, 0, published.err);
    assertMatch(published.out, /^ {2}model +MiniLLM\/teacher-gpt2-1\.5B +teacher\.checkpoint: missing$/m);
    assertMatch(published.out, /^ {2}data +MiniLLM\/dolly +data\.files\.train, evaluation\.dolly: missing$/m);
    assertMatch(
      published.out,
      /^to bring what is missing: \.\/run fetch datasets\/MiniLLM\/dolly .* openai-community\/gpt2$/m,
    );
    assertMatch(published.out, /^ {2}training \w+ needs \d+(\.\d)? GB.*: .* GB, …; it (fits|does not fit.*)$/m);
    assertMatch(published.out, /^time: /m);

    const before = await runTask(args, env);
    const line =
      /^error: profile gpt2 needs 7 things that are not here, the first is MiniLLM\/dolly; (\.\/run fetch .*) brings what the hub has\n$/m;
    assertMatch(before.err, line);
    const [, fetchLine] = line.exec(before.err)!;
    assertEquals((await runTask([...fetchLine.split(" ").slice(1), "--quiet"], env)).code, 0);
    const planned = await runTask([...args, "--dry-run", "--json"], env);
    const { named, fetch, pairs, experiments } = JSON.parse(planned.out);
    assertEquals([named.length, fetch, experiments[0].cells.length], [8, [], 3]);
    assertEquals(pairs.map(({ name, teacher, fits }: Record<string, unknown[]>) => [name, teacher, fits.length]), [[
      "gpt2_instruction_following",
      "org/teacher",
      1,
    ]]);

    const { code, out, err } = await runTask([...args, "--quiet"], env);
    assertEquals(code, 0, err);
    for (const row of ["Teacher", "SFT", "KD"]) assertMatch(out, new RegExp(`^\\| ${row} +\\|( +\\S*\\d)`, "m"));
    const status = await runTask(["status", "--profile", "gpt2", ...args.slice(6)], env);
    assertMatch(status.out, /cached 3\/17/, status.err);
  },
  cannotRunScript,
);
