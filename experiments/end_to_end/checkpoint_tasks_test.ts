import { assertEquals, assertMatch } from "@std/assert";
import { Gpu } from "#kernels/runtime/gpu.ts";
import { copyOfStories } from "#lib/cli/test_stories.ts";
import { newModel, writeModel } from "#lib/models/checkpoint.ts";
import { t5Config } from "#lib/models/t5_config.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { STORIES } from "./test_distillation.ts";
import { runProgram, testInFolder } from "./test_run.ts";

/** An encoder-decoder of random weights with the tokenizer of stories260K, as a folder of the hub is. */
async function writeEncoderDecoder(folder: string, hiddenSize: number): Promise<string> {
  await copyOfStories(folder, { "model.safetensors": undefined });
  await using gpu = await Gpu.open();
  const random = new RandomStream(hiddenSize, "an encoder-decoder");
  const sizes = { hiddenSize, numLayers: 1, numHeads: 2, vocabSize: 512 };
  using model = newModel(gpu, { ...t5Config(sizes), startId: 0 }, () => random.normal());
  await writeModel(model, folder, { bos_token_id: 1, eos_token_id: 2, pad_token_id: 0 });
  return folder;
}

/** Dialogues with their summaries in SAMSum's columns. */
function dialogues(count: number): string {
  const rows = Array.from({ length: count }, (_, i) => `${i},Tom and Ann met ${i} times.,Tom: I saw Ann ${i} times.`);
  return ["id,summary,dialogue", ...rows, ""].join("\n");
}

testInFolder(
  "profile t5 runs with encoder-decoders of one's own: greedy and sampled tables come out",
  async (folder) => {
    const [teacher, student] = [
      await writeEncoderDecoder(`${folder}/teacher`, 32),
      await writeEncoderDecoder(`${folder}/student`, 16),
    ];
    await Deno.mkdir(`${folder}/data/samsum`, { recursive: true });
    for (const [name, count] of [["train", 24], ["val", 4], ["test", 4]] as const) {
      await Deno.writeTextFile(`${folder}/data/samsum/${name}.csv`, dialogues(count));
    }
    const training = { steps: 2, learningRate: 1e-3, warmupSteps: 0 };
    const settings = {
      ...{ "teacher.checkpoint": teacher, "student.checkpoint": student, "taskSpecific.checkpoints.small": student },
      "taskSpecific.samsum.teacher": { checkpoint: teacher, training, seed: 1 },
      "taskSpecific.samsum.student": training,
      "taskSpecific.samsum.distillation": { ...training, teacherTexts: 4 },
      ...{ "taskSpecific.samsum.maxTargetTokens": 64, "optimizer.batchSize": 4, "taskSpecific.samplingSeeds": [10] },
    };
    const run = (...more: string[]) =>
      runProgram(
        ...["reproduce", "--profile", "t5", "--tasks", "samsum/small", "--methods", "teacher,sft,kd"],
        ...["--data", `${folder}/data`, "--results", `${folder}/results`, "--quiet"],
        ...Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${JSON.stringify(value)}`]),
        ...more,
      );
    const { status, printed, reported } = await run();
    assertEquals(status, 0, reported);
    for (const row of ["Teacher", "SFT", "KD"]) assertMatch(printed, new RegExp(`^\\| ${row} +\\| +\\S*\\d`, "m"));
    assertMatch((await run("--dry-run")).printed, /cached 3\/3/);
  },
);

testInFolder("a decoder cannot do the tasks of encoder-decoders, and says so in one line", async (folder) => {
  await Deno.mkdir(`${folder}/data`);
  await Deno.writeTextFile(`${folder}/data/train.json`, JSON.stringify([{ question: "Is it?", answer: true }]));
  const names = ["teacher", "student", "taskSpecific.strategyqa.teacher"].map((name) => `${name}.checkpoint`);
  const { status, reported } = await runProgram(
    ...["reproduce", "--profile", "t5", "--tasks", "strategyqa/small", "--methods", "sft", "--quiet"],
    ...["--data", `${folder}/data`, "--results", `${folder}/results`],
    ...[...names, "taskSpecific.checkpoints.small"].flatMap((key) => ["--set", `${key}=${STORIES}`]),
    ...["--set", "optimizer.batchSize=4", "--set", "taskSpecific.strategyqa.teacher.training.steps=0"],
  );
  assertEquals(status, 2, reported);
  assertMatch(reported, /stories260K is a decoder; the tasks of this table are for encoder-decoders/);
});
