import { assertEquals, assertRejects } from "@std/assert";
import { testGpu } from "#kernels/test_gpu.ts";
import { EXPERIMENTS } from "#experiments/main.ts";
import { instructionTask } from "#experiments/tasks/instruction_task.ts";
import { runMethod } from "#lib/bench/method_registry.ts";
import { loadProfile } from "#lib/bench/profile.ts";
import { schemaOf } from "#lib/bench/profile_schema.ts";
import { passingContext } from "#lib/bench/test_context.ts";
import { Workbench } from "#lib/bench/workbench.ts";
import { DISTANCE_ON, METHODS, PREFERENCE_METHODS } from "./registry.ts";

const SETTINGS = [
  ...["evaluation.heldOut=loss", "distillation.steps=2", "student.training.steps=1", "preferences.pairs=12"],
  ...["pbkd_offline.fit.steps=2", "pbkd_offline.fit.lookEvery=1"],
];
const profile = await loadProfile("smoke", schemaOf(EXPERIMENTS), SETTINGS);

Deno.test("a method does with the teacher's texts alone if it says that they are enough, and with less if it needs none", async (t) => {
  const context = passingContext(await testGpu(), profile);
  const task = instructionTask(context);
  const texts = await task.readTexts();
  // The data's answers in the place of a teacher's: whose they are makes no difference here.
  const openWith = (name: string, count: number) =>
    Workbench.open(context, {
      ...{ ...task, name, corpus: "texts alone", teacherTexts: texts.train.slice(0, count) },
      readTexts: () => Promise.resolve(texts),
      score: () => Promise.resolve({ scores: [], samples: [] }),
    });
  const [some, none] = [await openWith("some texts", 16), await openWith("no texts", 0)];
  for (const [name, method] of Object.entries({ ...METHODS, ...PREFERENCE_METHODS, distance_on: DISTANCE_ON })) {
    await t.step(name, async () => {
      const run = (bench: Workbench) => runMethod(method, bench, { name, seed: 10 });
      if (method.teacher === "probabilities") {
        await assertRejects(() => run(some), RangeError, "Cannot open the teacher of some texts");
        return;
      }
      const { curves = [] } = await run(some);
      assertEquals(curves.every(({ value }) => Number.isFinite(value)), true);
      if (method.teacher === "none") await run(none);
      else await assertRejects(() => run(none));
    });
  }
});
