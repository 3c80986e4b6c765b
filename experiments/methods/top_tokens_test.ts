import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { adapterName } from "#kernels/runtime/adapter.ts";
import { testGpu } from "#kernels/test_gpu.ts";
import { EXPERIMENTS } from "#experiments/main.ts";
import { instructionTask } from "#experiments/tasks/instruction_task.ts";
import { runMethod } from "#lib/bench/method_registry.ts";
import { loadProfile } from "#lib/bench/profile.ts";
import { schemaOf } from "#lib/bench/profile_schema.ts";
import { needsTeacherBeside } from "#lib/bench/teacher_beside.ts";
import { topTokenPlace } from "#lib/bench/teacher_top_tokens.ts";
import { passingContext } from "#lib/bench/test_context.ts";
import { Workbench } from "#lib/bench/workbench.ts";
import { InputError } from "#lib/errors.ts";
import { removeIfThere } from "#lib/results/storage.ts";
import { METHODS } from "./registry.ts";

const gpu = await testGpu();
const SETTINGS = {
  ...{ "evaluation.heldOut": "loss", "evaluation.logEvery": 1, "distillation.steps": 4 },
  ...{ "student.training.steps": 2, "teacher.training.steps": 3 },
};
type Settings = Readonly<Record<string, string | number>>;

const profileWith = (settings: Settings) =>
  loadProfile(
    "smoke",
    schemaOf(EXPERIMENTS),
    Object.entries({ ...SETTINGS, ...settings }).map(([key, value]) => `${key}=${value}`),
  );

/** Runs KD, and says which things were made for it. */
async function ran(settings: Settings = {}) {
  const made: string[] = [];
  const context = passingContext(gpu, await profileWith(settings), (name) => made.push(name));
  const task = { ...instructionTask(context), name: "kept", corpus: "kept", keepsTeacherApart: true };
  const bench = await Workbench.open(context, {
    ...task,
    // A teacher is not asked to score.
    score: () => Promise.resolve({ scores: [], samples: [] }),
  });
  const { curves = [] } = await runMethod(METHODS.kd, bench, { name: "kd", seed: 10 });
  const losses = curves.filter(({ measure }) => measure === "loss").map(({ value }) => value);
  return { losses, task, bench, made, models: made.filter((name) => /teacher$/.test(name)).length };
}

async function fileOf({ task, bench }: Awaited<ReturnType<typeof ran>>, count: number) {
  const vocabSize = (await bench.sftStudent(10)).model.actionCount;
  const asked = { task, texts: bench.studentRecords, vocabSize, adapter: adapterName(gpu.adapterInfo) };
  return topTokenPlace({ ...asked, choice: { count, temperature: 1 } });
}

Deno.test("KD from a file of all tokens has the losses of KD; the file is made once, and whoever finds it opens no teacher", async () => {
  const beside = await ran();
  assertEquals(beside.models, 1);
  const { path, layout: { vocabSize } } = await fileOf(beside, 1);
  const all = { "kd.topTokens": vocabSize };
  const { path: wholePath } = await fileOf(beside, vocabSize);
  try {
    await Promise.all([path, wholePath].map(removeIfThere));
    const first = await ran(all);
    assertEquals([first.models, first.losses.length], [1, 4]);
    first.losses.forEach((loss, i) => assertAlmostEquals(loss, beside.losses[i], 1e-6));
    assert(first.losses.at(-1)! < first.losses[0]);
    const { mtime } = await Deno.stat(wholePath);
    const second = await ran(all);
    assertEquals([second.models, second.losses], [0, first.losses]);
    assertEquals((await Deno.stat(wholePath)).mtime, mtime);
    const one = await ran({ "kd.topTokens": 1 });
    assert(one.losses[0] < beside.losses[0]);
  } finally {
    await Promise.all([path, wholePath].map(removeIfThere));
  }
});

Deno.test("more of the teacher's tokens than there are, are refused before it is asked", async () => {
  await assertRejects(
    () => ran({ "kd.topTokens": 100_000 }),
    InputError,
    "the teacher's 100000 likeliest tokens: its vocabulary has ",
  );
});

Deno.test("a file is of one teacher, and of all that decides its numbers; students count for nothing", async () => {
  const run = await ran();
  const { path } = await fileOf(run, 4);
  const pathWith = async (settings: Settings, changes: Partial<typeof run.task> = {}) =>
    (await fileOf({ ...run, task: { ...run.task, profile: await profileWith(settings), ...changes } }, 4)).path;
  assertEquals(await pathWith({ "student.training.steps": 7, "kd.kdRatio": 0.5 }), path);
  assertEquals(await pathWith({}, { teacherValues: "files" }), path, "it is trained here, whatever it starts from");
  const tuned = { "teacher.training.steps": 0 };
  const others = [
    (await fileOf(run, 5)).path,
    await pathWith({ "teacher.training.steps": 4 }),
    await pathWith({ "evaluation.batchSize": 3 }),
    await pathWith(tuned, { teacherValues: "files" }),
    await pathWith(tuned, { teacherValues: "other files" }),
  ];
  assertEquals(new Set([path, ...others]).size, 6);
  const made = { settings: { student: "another" }, numerics: {} };
  assertEquals(await pathWith(tuned, { teacherValues: "files", made }), others[3]);
});

Deno.test("rows that need the teacher beside the student are those of its probabilities, unless they are kept", async () => {
  const beside = async (settings: Settings = {}) => {
    const profile = await profileWith(settings);
    return Object.keys(METHODS).filter((name) => needsTeacherBeside(METHODS[name as keyof typeof METHODS], profile));
  };
  const names = await beside();
  for (const name of ["kd", "gkd", "ammd", "minillm", "abkd"]) assert(names.includes(name), name);
  for (const name of ["teacher", "sft", "sft_continued", "seqkd"]) assert(!names.includes(name), name);
  assertEquals(await beside({ "kd.topTokens": 8 }), names.filter((name) => name !== "kd"));
  assertEquals(await beside({ "evaluation.heldOut": "distances" }), Object.keys(METHODS).slice(2));
});
