import { assertEquals, assertNotEquals } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { EXPERIMENTS } from "#experiments/main.ts";
import { fewRecords } from "#experiments/tables/few_records.ts";
import type { StudentRun } from "#lib/bench/method.ts";
import type { TrainedModel } from "#lib/bench/fine_tuning.ts";
import { digestOf } from "#lib/results/digest.ts";
import { loadProfile } from "#lib/bench/profile.ts";
import { schemaOf } from "#lib/bench/profile_schema.ts";
import { distillationOf } from "#lib/bench/recipe.ts";
import { dataOf, promptDraws } from "#lib/bench/student_texts.ts";
import { passingContext } from "#lib/bench/test_context.ts";
import { Workbench } from "#lib/bench/workbench.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { type InstructionSubject, instructionTask } from "./instruction_task.ts";

const SEED = 10;
const SEEN = 12;
const FEW: InstructionSubject = { family: "llama", fewRecords: true };
const ALL: InstructionSubject = { family: "llama" };

const load = (records = SEEN) =>
  loadProfile("smoke", schemaOf(EXPERIMENTS), [
    ...["trainRecords=40", "maxNewTokens=5", "itemsPerSet=4"].map((setting) => `data.${setting}`),
    ...["teacher.training.steps=3", "student.training.steps=3", "distillation.teacherTexts=30"],
    ...["optimizer.batchSize=4", `fewRecords.records=${records}`],
  ]);
const profile = await load();
const gpu = await testGpu();

/** The workbench of a task in a run of its own, with other answers to some of the training records. */
async function benchOf(subject: InstructionSubject, changed: (record: number) => boolean = () => false) {
  const context = passingContext(gpu, profile);
  const task = instructionTask(context, subject);
  const answered = ({ prompt, response }: Trajectory, record: number) => ({
    prompt,
    response: changed(record) ? response.toReversed() : response,
  });
  return await Workbench.open(context, {
    ...task,
    async readTexts() {
      const texts = await task.readTexts();
      return { ...texts, train: texts.train.map(answered) };
    },
  });
}

/** A digest of the parameters. */
async function parametersOf(trained: Promise<TrainedModel>): Promise<string> {
  const values = await (await trained).model.store.read();
  return [...values].map(([name, { buffer }]) => `${name} ${digestOf(new Uint8Array(buffer))}`).join();
}

const sftOf = (bench: Workbench) => parametersOf(bench.sftStudent(SEED));
const teacherOf = (bench: Workbench) => parametersOf(bench.teacher());

gpuTest("the SFT student of few records is that of the first records, whatever the others answer", async () => {
  const few = await sftOf(await benchOf(FEW));
  const unseen = await benchOf(FEW, (record) => record >= SEEN);
  assertEquals(await sftOf(unseen), few);
  assertNotEquals(await sftOf(await benchOf(FEW, (record) => record < SEEN)), few);
  // The teacher has read the others, and so has a student of all records.
  assertNotEquals(await teacherOf(unseen), await teacherOf(await benchOf(FEW)));
  assertNotEquals(await sftOf(await benchOf(ALL, (record) => record >= SEEN)), await sftOf(await benchOf(ALL)));
});

gpuTest("methods of few records draw the answers of those, and prompts from all", async () => {
  const bench = await benchOf(FEW);
  using student = await bench.studentFromSft(SEED);
  const run: StudentRun = {
    ...{ bench, student, name: "test", seed: SEED, profile, distillation: distillationOf(profile) },
    log: bench.log("test", SEED),
  };
  const next = dataOf(run);
  const data = new Set(Array.from({ length: 30 }, () => next()).flat());
  assertEquals(data, new Set(bench.texts.train.slice(0, SEEN)));
  const prompts = new Set((await promptDraws(run)(20)).flat().map(({ prompt }) => prompt.join()));
  assertEquals(prompts, new Set(bench.texts.train.map(({ prompt }) => prompt.join())));
  const taught = (await bench.teacherTexts()).map(({ prompt }) => prompt.join());
  assertEquals(taught, bench.texts.train.slice(0, 30).map(({ prompt }) => prompt.join()));
});

gpuTest("in one run tables of few and of all records share teacher and its texts, and no student", async () => {
  const made: string[] = [];
  const context = passingContext(gpu, profile, (name) => made.push(name));
  for (const subject of [ALL, FEW]) {
    const bench = await Workbench.open(context, instructionTask(context, subject));
    await bench.teacherTexts();
    await bench.sftStudent(SEED);
  }
  const trained = made.filter((name) => /teacher|sft/.test(name));
  assertEquals(trained, [
    "llama: teacher texts",
    "llama: teacher",
    "llama: sft, seed 10",
    "llama/few_records: sft, seed 10",
  ]);
});

Deno.test("the table says how many records students saw, as it was recorded", () => {
  const { legend } = fewRecords.report({
    ...{ profile: "smoke", display: {}, scores: [], items: [], curves: [] },
    settings: ["sft", "kd"].map((method) => ({ method, settings: { fewRecords: { records: 40 } } })),
  }).tables.table;
  assertEquals(legend.filter((line) => line.startsWith("Students")), [
    "Students see the answers of the first 40 training records (fewRecords.records), their teacher of all.",
  ]);
});
