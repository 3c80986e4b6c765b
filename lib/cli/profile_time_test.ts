import { assertAlmostEquals, assertEquals } from "@std/assert";
import { testProfile } from "#lib/bench/test_profile.ts";
import { parameterCount } from "#lib/memory/parameters.ts";
import { llama } from "#lib/models/llama.ts";
import { timeOf } from "./profile_time.ts";

const configOf = (hiddenSize: number) =>
  llama.smallConfig({ hiddenSize, numLayers: 1, numHeads: 1, vocabSize: 64, maxPositions: 32 });
const PLAYERS = { teacher: configOf(32), student: configOf(16) };
const [OF_TEACHER, OF_STUDENT] = [PLAYERS.teacher, PLAYERS.student].map(parameterCount);
const TEXTS = { batch: 4, tokens: 20, responseTokens: 10 };
const RATES = { matmulGflops: 1e-9, copyGBs: 1e-9, date: "2026-11-29" }; // one operation and one byte a second

Deno.test("the time of training is that of all operations at the adapter's rate, and of writing that of reading the weights", async () => {
  const profile = await testProfile(
    ...["teacher.training.steps=3", "student.training.steps=2", "distillation.steps=5", "distillation.teacherTexts=9"],
    ...["optimizer.batchSize=4", "evaluation.batchSize=4", "data.maxNewTokens=10"],
  );
  const at = { ...PLAYERS, profile, texts: TEXTS, rates: RATES };
  const { trainingSeconds, writingSeconds } = timeOf({ ...at, distilled: 2, sft: 1 });
  const tokens = 4 * 20;
  const steps = 3 * 6 * OF_TEACHER + 2 * 6 * OF_STUDENT + 2 * 5 * (6 * OF_STUDENT + 2 * OF_TEACHER);
  assertAlmostEquals(trainingSeconds / (tokens * steps), 1);
  assertAlmostEquals(writingSeconds / (3 * 10 * 4 * OF_TEACHER), 1);
  assertEquals(timeOf({ ...at, distilled: 0, sft: 0 }).writingSeconds, 0);
  // Layers that run again in backward are a further forward pass.
  const again = timeOf({
    ...at,
    profile: await testProfile(
      "optimizer.recompute=true",
      "teacher.training.steps=0",
      "student.training.steps=2",
      "optimizer.batchSize=4",
    ),
    distilled: 0,
    sft: 1,
  });
  assertAlmostEquals(again.trainingSeconds / (tokens * 2 * 8 * OF_STUDENT), 1);
});
